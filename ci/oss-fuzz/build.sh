#!/bin/bash -eu
# Builds all fuzz targets for OSS-Fuzz and ClusterFuzzLite, which set CC, CXX,
# CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SANITIZER, SRC, OUT and WORK.  Leaves
# in OUT, per target: the program, its seeds, its options, its dictionary.
cd "$SRC/vmd"

build=$WORK/build
# SANITIZER tells the Makefile which targets a build cannot have.
export SANITIZER
service=(make -s FLAVOUR=service WERROR= "B=$build")
"${service[@]}" -j"$(nproc)" service

for t in $("${service[@]}" service-list); do
	name=fuzz_$t
	cp "$build/fuzz/$name" "$OUT/$name"
	seeds=(corpus/"$t")
	[ ! -d corpus/regress/"$t" ] || seeds+=(corpus/regress/"$t")
	# The names of seeds of both folders differ; -j leaves folders out.
	find "${seeds[@]}" -type f | LC_ALL=C sort |
	    zip -q -X -j "$OUT/${name}_seed_corpus.zip" -@
	if [ -f "fuzz/$t.options" ]; then
		sed "s/^dict = /dict = fuzz_/" "fuzz/$t.options" \
		    >"$OUT/$name.options"
	fi
	[ ! -f "fuzz/$t.dict" ] || cp "fuzz/$t.dict" "$OUT/$name.dict"
done
