# find_package(penstock [COMPONENTS files csv ndjson sqlite postgres compressed http …]): penstock::core and penstock::penstock always, and
# penstock::<component> for each component asked for.
include("${CMAKE_CURRENT_LIST_DIR}/PenstockDependencies.cmake")

set(penstock_missing "")
set(penstock_installed "")
file(GLOB penstock_files RELATIVE "${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_CURRENT_LIST_DIR}/penstock-*.cmake")
foreach(penstock_file ${penstock_files})
  if(penstock_file MATCHES "^penstock-([a-z_]+)\\.cmake$")
    list(APPEND penstock_installed ${CMAKE_MATCH_1})
  endif()
endforeach()

set(penstock_components penstock ${penstock_FIND_COMPONENTS})
if("csv" IN_LIST penstock_components OR "ndjson" IN_LIST penstock_components OR "compressed" IN_LIST penstock_components)
  list(INSERT penstock_components 1 files)  # all read through it
endif()
list(REMOVE_DUPLICATES penstock_components)
list(REMOVE_ITEM penstock_components core)
foreach(penstock_component ${penstock_components})
  if(penstock_component IN_LIST penstock_installed)
    set(penstock_${penstock_component}_FOUND TRUE)
    penstock_find_dependencies_of(${penstock_component})
  elseif(penstock_FIND_REQUIRED_${penstock_component})
    string(REPLACE ";" ", " penstock_list "${penstock_installed}")
    list(APPEND penstock_missing
      "  its component ${penstock_component}: this installation has ${penstock_list} (build it with PENSTOCK_WITH_<COMPONENT>=ON)")
  endif()
endforeach()

if(penstock_missing)
  list(JOIN penstock_missing "\n" penstock_missing)
  set(penstock_FOUND FALSE)
  set(penstock_NOT_FOUND_MESSAGE "penstock is installed here, but this is missing:\n${penstock_missing}")
  return()
endif()

set(penstock_core_FOUND TRUE)
foreach(penstock_component ${penstock_components})
  if(penstock_${penstock_component}_FOUND)
    include("${CMAKE_CURRENT_LIST_DIR}/penstock-${penstock_component}.cmake")
  endif()
endforeach()
