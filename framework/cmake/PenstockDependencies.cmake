# What the library stands on; each missing piece is named with the Debian package that has it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(TBB REQUIRED)
