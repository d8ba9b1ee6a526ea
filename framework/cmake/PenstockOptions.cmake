# The options of the build, and what follows from them for every target of ours.
# As a subdirectory of another project only the library is built; on its own, everything.

option(PENSTOCK_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_BUILD_PIPELINES "Build the programs in pipelines/" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_BUILD_BENCH "Build the benchmarks" OFF)
option(PENSTOCK_BUILD_FUZZERS "Build the fuzzers, with the tests (Clang only)" OFF)
option(PENSTOCK_INSTALL "Make the rules of cmake --install" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WITH_FILES "Build the files connector" ON)
option(PENSTOCK_WITH_CSV "Build the csv connector" ON)
option(PENSTOCK_WITH_NDJSON "Build the ndjson connector (simdjson)" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WITH_SQLITE "Build the sqlite connector (sqlite3)" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WITH_POSTGRES "Build the postgres connector (libpq)" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WITH_COMPRESSED "Build the compressed connector (zlib, libzstd)" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WITH_HTTP "Build the http connector (libcurl)" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_WERROR "Treat warnings as errors; CI does" OFF)
set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizer for everything built here: address (with undefined) or thread")
set_property(CACHE PENSTOCK_SANITIZE PROPERTY STRINGS "" address thread)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  find_program(CCACHE_PROGRAM ccache)
  mark_as_advanced(CCACHE_PROGRAM)
  if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without these allowances ccache refuses every file that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
  endif()
endif()

# Warnings, private to the targets of this project; the compiler of a host may be newer than ours, so there they stay off.
add_library(penstock_build_flags INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(penstock_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
endif()
# GCC 12 sees overlapping and endless copies in sums of strings that it has inlined (its bug 105651); later ones do not.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(penstock_build_flags INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
  # It also inlines how Asio allocates the frames of coroutines, but not how it frees them.
  target_compile_options(penstock_build_flags INTERFACE -Wno-mismatched-new-delete)
endif()
if(PENSTOCK_WERROR)
  target_compile_options(penstock_build_flags INTERFACE -Werror)
endif()

# A sanitizer has to see everything, so it goes to all targets below this directory, and no further.
if(PENSTOCK_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(PENSTOCK_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(PENSTOCK_SANITIZE)
  message(FATAL_ERROR "PENSTOCK_SANITIZE is '${PENSTOCK_SANITIZE}'; it can be address or thread")
endif()
