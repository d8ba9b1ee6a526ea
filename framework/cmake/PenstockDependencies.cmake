# What each part stands on. Read by our own build and, installed beside the package, by those who use it, so that both
# name a missing piece together with the Debian package that has it. Nothing is ever downloaded.

# penstock_find(<debian packages> <find_package arguments>…): looks, and notes in `penstock_missing` what is not there.
macro(penstock_find debian package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    string(REPLACE ";" " " penstock_wanted "${package};${ARGN}")
    list(APPEND penstock_missing "  ${penstock_wanted} (on Debian: apt-get install ${debian})")
  endif()
endmacro()

# penstock_find_dependencies_of(<part>…): a part is a component of the package, or build (what only compiling the library
# takes), tests, bench, pipelines.
macro(penstock_find_dependencies_of)
  foreach(penstock_part ${ARGN})
    if(penstock_part STREQUAL "penstock")
      penstock_find("libboost1.81-dev on 12, libboost-dev from 13 on" Boost 1.81 CONFIG)
      penstock_find(libtbb-dev TBB)
      penstock_find("g++ libc6-dev" Threads)
    elseif(penstock_part STREQUAL "ndjson")
      penstock_find(libsimdjson-dev simdjson CONFIG)
    elseif(penstock_part STREQUAL "sqlite")
      penstock_find(libsqlite3-dev SQLite3 3.37)
    elseif(penstock_part STREQUAL "postgres")
      penstock_find(libpq-dev PostgreSQL 14)
    elseif(penstock_part STREQUAL "build")
      penstock_find(nlohmann-json3-dev nlohmann_json 3)
    elseif(penstock_part STREQUAL "pipelines")
      penstock_find(libcli11-dev CLI11)
      penstock_find(libfmt-dev fmt)
    elseif(penstock_part STREQUAL "tests")
      penstock_find("libgtest-dev libgmock-dev" GTest)
      penstock_find(python3 Python3 COMPONENTS Interpreter)
    elseif(penstock_part STREQUAL "bench")
      penstock_find(libbenchmark-dev benchmark)
    endif()
  endforeach()
endmacro()
