#!/bin/bash -eu
# The one build script that both services use.
exec bash -eu "$SRC/vmd/ci/oss-fuzz/build.sh"
