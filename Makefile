# make demo    set up, and turn a directory of pictures into messages
# make relay-demo   two message centres on this machine, and a photo (PHOTO=FILE) on its way from a phone of one to the other's
# make test    set up, and run the tests
# make wheel   set up, and make a wheel that carries its libraries, and an sdist, in dist; TRY="python3.12 ..." also tries
#              the wheel with these Pythons, each in an empty environment
# make image   make the wheel, and a container image of it, where a docker daemon answers
# make test-matrix   make test on other releases of Debian, Pythons and dependencies, as root; CELLS="NAME ..." for some
# make check   ruff, cython-lint, mypy and hadolint alone, which make test begins with
# make bench   set up the rivals, run the benchmarks, write bench/REPORT.md; with QUICK=1 five minutes of them
# make bench-compare REV=REVISION   this revision and another measured in turns, and their ratios
# make tune    numbers that were found by measuring, found again on a part of their media; TOOLS="jpeg size" for some
# make fuzz    look for octets that readers and doors choke on, FUZZ_SECONDS (60) for each; FUZZ_TARGETS="pdu relay-mm1" for some
# make fuzz-campaign COUNT=30000   pass 30,000 mutated files of all formats to the public functions
# make sanitize   kernels, media and hostile files under AddressSanitizer and UBSan
# make docs    the documents as a site in build/docs, every link checked
# make man     the manual page, man/transcode.1, from the commands and their options
# make clean   forget everything that was built
#
# MEDIA=DIR CARRIER=ID TO=NUMBER   for the demo; it makes its own pictures without MEDIA
# PYTHON=python3.12                which Python makes the environment
# PILLOW=pillow                    Pillow itself where pillow-simd is the rule, on Linux x86-64
# SECTIONS="image wire"            which benchmarks run; all of them without
# PYTEST="-n 0 -k gif"             further words for pytest, such as how many processes share the tests

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:

PYTHON ?= python3
CARRIER ?= us-att
MEDIA ?=
TO ?= +15555550100

# Headers that pillow-simd and the kernels are built with, what builds them, and the font of captions.
SYSTEM := gcc libc6-dev pkg-config python3 python3-dev python3-venv libjpeg62-turbo-dev zlib1g-dev liblcms2-dev libwebp-dev \
  libtiff-dev libfreetype-dev libopencore-amrnb-dev libopencore-amrwb-dev fonts-dejavu-core
# Other programs' reading of our messages, animations, recordings and pages is among the tests. The names of ports
# and of this machine itself (netbase) are what mail servers ask for. strace shows what is on the disk before an answer.
SYSTEM_TEST := tshark imagemagick ffmpeg chromium netbase strace
# Mail servers that ours hand mails to in tests, the MMS client of Linux phones on a D-Bus of its own, and an SMS gateway;
# with a database server, whose name has a number, never installed or started outside of those.
UNPACKED_TEST := postfix exim4-daemon-light libnss-wrapper mmsd-tng dbus-daemon kannel
# Rivals in the benchmarks, and their judge of clips.
SYSTEM_BENCH := ffmpeg gifsicle imagemagick

# Where it is set, each of the processes that tests start would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
STAMPS := .venv/stamps
# The linters' environment.
CHECK := build/check
# The site's environment: its tools, and the engine behind them.
SITE := build/site-tools
KERNELS := $(wildcard transcode/kernels/*.pyx transcode/kernels/*.pxd transcode/kernels/*.h)

# The package asks for pillow; this set-up has pillow-simd in its place, which installs the same import name.
# pillow-simd is SSE4 unless it is compiled for more, and pip would keep one build
# for all machines that share its cache.
PILLOW ?= $(shell [ "$$(uname -sm)" = "Linux x86_64" ] && echo pillow-simd || echo pillow)
AVX2 := $(shell grep -qsw avx2 /proc/cpuinfo && echo yes)
PILLOW_SIMD := pillow-simd>=12.1.1.post0
FEATURES := -C jpeg=enable -C zlib=enable -C lcms=enable -C webp=enable -C tiff=enable -C freetype=enable

# Two processes for each processor, and up to eight, take one test after the other: half of the time of tests is
# waiting for servers, phones and other programs. What is measured once stays together. A test that hangs fails, and
# says where.
WORKERS := $(shell n=$$(( $$(nproc) * 2 )); echo $$((n < 8 ? n : 8)))
PARALLEL := -n $(WORKERS) --dist loadgroup --timeout 600

.PHONY: demo relay-demo test site-tools wheel image test-matrix check bench bench-compare tune man docs clean fuzz fuzz-campaign sanitize

demo: $(STAMPS)/package
	@media="$(MEDIA)"
	if [ -z "$$media" ]; then
	  media=demo/pictures
	  [ -d "$$media" ] || $(BIN)/python bench/pictures.py "$$media"
	fi
	status=0
	$(BIN)/transcode batch "$$media" demo/messages --carrier "$(CARRIER)" --to "$(TO)" || status=$$?
	[ "$$status" -gt 1 ] || echo "The messages are in demo/messages; transcode inspect shows what is in one."
	[ "$$status" -ne 1 ] || echo "The files named above could not be converted, which is why this ends with 1."
	exit "$$status"

PHOTO ?=
relay-demo: $(STAMPS)/package $(STAMPS)/test
	@$(BIN)/python -m tests.relay.demo $(if $(PHOTO),"$(PHOTO)")

# Nothing lands that the linters refuse. They judge, in one process, while the environments are made, Pillow and the
# kernels are compiled, and other programs are downloaded: that halves the set-up on two processors.
test: $(STAMPS)/system-test
	@$(MAKE) --no-print-directory --output-sync=target --jobs 5 check site-tools $(STAMPS)/test
	$(BIN)/python -m pytest $(PARALLEL) $(PYTEST)

site-tools: $(STAMPS)/venv
	.ci/site-tools $(BIN)/python $(SITE)

# The wheel is built from the sdist, as others would, and is for Python 3.11 and later. Which systems it is for follows
# from the libc of this one.
TRY ?=
wheel: $(STAMPS)/package
	$(BIN)/pip install --quiet --disable-pip-version-check --group wheel
	rm -rf dist
	.ci/wheel $(BIN)/python dist
	$(BIN)/python -m tests.wheel_trial dist/*.whl $(BIN)/python $(TRY)

image: wheel
	@if ! docker info >/dev/null 2>&1; then
	  echo "No docker daemon answers, so no image is made." >&2
	  exit 0
	fi
	docker build --tag transcode --build-arg PYTHON="$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" .

# Without an environment: each cell makes its own.
test-matrix:
	.ci/system-packages debootstrap git
	$(PYTHON) -m tests.matrix $(CELLS) $(if $(TARGET),--make "$(TARGET)") $(if $(PYTEST),--pytest="$(PYTEST)")

check: $(CHECK)/stamp
	$(CHECK)/bin/ruff check .
	$(CHECK)/bin/ruff format --check .
	PATH="$(CURDIR)/$(CHECK)/bin:$$PATH" $(CHECK)/bin/cython-lint transcode/kernels
	$(CHECK)/bin/mypy
	$(CHECK)/bin/hadolint Dockerfile

# Of a quick run the report stands beside its measurements, in build. What failed is left out of the report.
bench: $(STAMPS)/package $(STAMPS)/bench
	mkdir -p build
	measured=build/bench$(if $(QUICK),-quick).json
	rm -f "$$measured"
	status=0
	BENCH_SIZE=$(if $(QUICK),quick,full) $(BIN)/python -m pytest $(if $(SECTIONS),$(SECTIONS:%=bench/bench_%.py),bench) \
	  --benchmark-only --benchmark-json="$$measured" --benchmark-columns=median,iqr,rounds $(PYTEST) || status=$$?
	$(BIN)/python -m bench report "$$measured"
	exit "$$status"

# Rounds of each row; SIZE=full measures with all media, quick with few.
ROUNDS ?= 7
SIZE ?= quick
bench-compare: $(STAMPS)/package $(STAMPS)/bench
	[ -n "$(REV)" ] || { echo "Which revision? make bench-compare REV=main" >&2; exit 2; }
	$(BIN)/python -m bench compare --size $(SIZE) --rounds $(ROUNDS) "$(REV)" $(SECTIONS)

# Ten minutes on two processors; it ends with 1 where a number in use is not found again.
tune: $(STAMPS)/package $(STAMPS)/bench
	$(BIN)/python -m bench tune $(TOOLS)

man: $(STAMPS)/package
	mkdir -p man
	$(BIN)/python -m transcode.cli.manual > man/transcode.1

docs: $(STAMPS)/package site-tools
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python -m mkdocs build --quiet --strict --config-file docs/mkdocs.yml

# Seconds for each target, and the folder of media that the inputs grow from.
FUZZ_SECONDS ?= 60
FUZZ_SEEDS ?= $(wildcard ../shared/media/hostile ../shared/vectors/uaprof/url-known)
FUZZ_TARGETS ?= jpeg heif gif pieces pdu mm4 mm7 uaprof relay-http relay-mm1 relay-mm4 relay-mm7 relay-smpp relay-smtp
fuzz: $(STAMPS)/package $(STAMPS)/test
	$(BIN)/pip install --quiet --disable-pip-version-check --group fuzz
	for target in $(FUZZ_TARGETS); do
	  mkdir -p build/fuzz/$$target
	  seeds="$(FUZZ_SEEDS)"
	  # A message centre's doors have seeds of their own.
	  [ "$${target#relay-}" = "$$target" ] || seeds=""
	  $(BIN)/python -m tests.fuzz $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
	    -artifact_prefix=build/fuzz/$$target- build/fuzz/$$target $$seeds
	done

# Begun again it goes on where it was ended; with another SEED the mutations are others.
COUNT ?= 1000
SEED ?= 1
fuzz-campaign: $(STAMPS)/package $(STAMPS)/test
	$(BIN)/python -m tests.fuzz.campaign --count $(COUNT) --seed $(SEED)

# A copy with kernels of its own, so that those in use stay as they are. Python itself is not built with
# the sanitizers, so their libraries are loaded ahead of it; FFmpeg's C++ needs its library as early. What Python
# keeps until it ends is no leak. Memory comes from malloc, not from Python's own pools, where nobody sees its ends.
sanitize: $(STAMPS)/package $(STAMPS)/test
	mkdir -p build/sanitize
	cp -r setup.py pyproject.toml README.md LICENSE licenses transcode tests build/sanitize/
	rm -f build/sanitize/transcode/kernels/*.so
	if [ -d ../shared ]; then export TRANSCODE_SHARED="$${TRANSCODE_SHARED:-$$(realpath ../shared)}"; fi
	cd build/sanitize
	TRANSCODE_SANITIZE=1 ../../$(BIN)/python setup.py -q build_ext --inplace
	early=""
	for library in libasan libubsan libstdc++; do early="$$early $$(gcc -print-file-name=$$library.so)"; done
	export PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
	LD_PRELOAD="$$early" ../../$(BIN)/python -m pytest -p no:cacheprovider tests/kernels tests/media tests/test_hostile.py

clean:
	@! grep -q " $(CURDIR)/build/" /proc/self/mounts || { echo "Something is mounted below build; umount it first." >&2; exit 1; }
	rm -rf --one-file-system .venv build demo dist *.egg-info
	find transcode -name '*.so' -delete

# Who may install no packages is told all that the goals need at once, before anything is built.
$(STAMPS)/system: Makefile .ci/system-packages $(if $(filter test sanitize fuzz-campaign,$(MAKECMDGOALS)),$(STAMPS)/system-test)
	@.ci/system-packages $(SYSTEM)
	mkdir -p $(STAMPS)
	touch $@

$(STAMPS)/system-test: Makefile .ci/system-packages
	@.ci/system-packages $(SYSTEM) $(SYSTEM_TEST)
	mkdir -p $(STAMPS)
	touch $@

$(STAMPS)/peers: .ci/unpacked-packages $(STAMPS)/system-test
	@# The server of this release: the package without a number has no files.
	server=$$(apt-cache depends postgresql 2>/dev/null | sed -nE 's/.*Depends: (postgresql-[0-9]+)$$/\1/p' || true)
	.ci/unpacked-packages build/peers $(UNPACKED_TEST) $$server
	touch $@

$(STAMPS)/venv: | $(STAMPS)/system
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' 'setuptools>=77.0.3' 'cython>=3.1'
	touch $@

$(STAMPS)/engine: $(STAMPS)/venv pyproject.toml setup.py $(KERNELS)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	$(BIN)/python -c 'import tomllib; print(*(one for one in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]
	  if not one.startswith("pillow")), sep="\n")' >$(STAMPS)/needed
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement $(STAMPS)/needed
	touch $@

# Outside of the environment, because two pips in one get in each other's way: the kernels are compiled meanwhile.
# Debian's Python compiles with symbols for debuggers, which take an eighth of the time.
$(STAMPS)/pillow-simd: $(STAMPS)/venv
	rm -rf .venv/pillow-simd
	CC="$${CC:-cc}$(if $(AVX2), -mavx2)" CFLAGS="$${CFLAGS:-} -g0" $(BIN)/pip wheel --quiet --disable-pip-version-check --no-cache-dir \
	  --no-deps --no-binary pillow-simd $(FEATURES) --wheel-dir .venv/pillow-simd '$(PILLOW_SIMD)'
	touch $@

# A stamp of each, so that who asks for the other gets it. pip would leave the files of both beside each other.
$(STAMPS)/with-$(PILLOW): $(if $(filter pillow-simd,$(PILLOW)),$(STAMPS)/pillow-simd) | $(STAMPS)/engine
	rm -f $(STAMPS)/with-*
	$(BIN)/pip uninstall --quiet --quiet --disable-pip-version-check --yes pillow pillow-simd
ifeq ($(PILLOW),pillow-simd)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-index --find-links .venv/pillow-simd '$(PILLOW_SIMD)'
else
	$(BIN)/pip install --quiet --disable-pip-version-check 'pillow>=13'
endif
	touch $@

$(STAMPS)/package: $(STAMPS)/engine $(STAMPS)/with-$(PILLOW)
	touch $@

# After the package, because two pips in one environment get in each other's way.
$(STAMPS)/test: $(STAMPS)/system-test $(STAMPS)/peers pyproject.toml | $(STAMPS)/package
	$(BIN)/pip install --quiet --disable-pip-version-check --group test --group wheel
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --group test-alone
	touch $@

# Exact versions, so no constraint of pip's has a say.
$(CHECK)/stamp: pyproject.toml | $(STAMPS)/venv
	$(PYTHON) -m venv --without-pip $(CHECK)
	PIP_CONSTRAINT= $(BIN)/pip --python $(CHECK) install --quiet --disable-pip-version-check --no-compile --group check
	touch $@

# A rival that can't be had is named, and the benchmarks pass it over.
$(STAMPS)/bench: $(STAMPS)/venv pyproject.toml
	.ci/system-packages $(SYSTEM_BENCH) || echo "Rivals without their programs will be passed over." >&2
	$(BIN)/pip install --quiet --disable-pip-version-check --group measure
	for group in rivals rivals-alone; do
	  alone=$$([ $$group = rivals ] || echo --no-deps)
	  $(BIN)/pip install --quiet --disable-pip-version-check $$alone --group $$group && continue
	  for rival in $$($(BIN)/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]])' $$group); do
	    $(BIN)/pip install --quiet --disable-pip-version-check $$alone "$$rival" || echo "$$rival can't be had, and will be passed over." >&2
	  done
	done
	touch $@
