# The installed package: one export set per component, so that find_package can say which component is not there.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(penstock_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/penstock")

# penstock_install_component(<component> TARGETS … [HEADERS <dir>…])
function(penstock_install_component component)
  cmake_parse_arguments(ARG "" "" "TARGETS;HEADERS" ${ARGN})
  set_target_properties(${ARG_TARGETS} PROPERTIES INSTALL_RPATH "$ORIGIN")  # shared builds find their neighbours
  install(TARGETS ${ARG_TARGETS} EXPORT penstock-${component})
  install(EXPORT penstock-${component} NAMESPACE penstock:: DESTINATION "${penstock_package_dir}"
    FILE penstock-${component}.cmake)
  foreach(dir ${ARG_HEADERS})
    install(DIRECTORY "${dir}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
  endforeach()
endfunction()

function(penstock_install_package)
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake"
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  install(FILES
    "${PROJECT_SOURCE_DIR}/framework/cmake/penstockConfig.cmake"
    "${PROJECT_SOURCE_DIR}/framework/cmake/PenstockDependencies.cmake"
    "${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake"
    DESTINATION "${penstock_package_dir}")
endfunction()
