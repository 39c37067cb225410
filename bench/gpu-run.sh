#!/usr/bin/env bash
# Everything that a GPU has to say, in parts of under eight minutes that can be repeated: for a machine without network, with
# Node.js on PATH, node_modules and dist in place, and a Python that has PyTorch and pty-chi (or wheels of what it lacks).
#
#   bench/gpu-run.sh PART [OUT]     check | tests | kernels | fft | h1 | h2 | h3 | h4 | h5 | h8 | h12 | rows | scale | all
#
# Results of comparisons go to OUT (default bench/results) and finished rows are kept by the next call; logs beside them.
# PTYCHO_BENCH_PYTHON names the interpreter, PTYCHO_WHEELS a folder of wheels to add, PTYCHO_COMMIT the commit without git.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
part=${1:?a part: see the head of this file}
out=$(mkdir -p "${2:-bench/results}" && cd "${2:-bench/results}" && pwd)
python=${PTYCHO_BENCH_PYTHON:-python3}
if [ -n "${PTYCHO_WHEELS:-}" ]; then
  site=$(mktemp -d)
  "$python" -m pip install -q --no-index --no-deps --target "$site" "$PTYCHO_WHEELS"/*.whl || exit 1
  export PYTHONPATH=$site${PYTHONPATH:+:$PYTHONPATH}
fi
export PTYCHO_BENCH_PYTHON=$python

step() { # name, seconds, command: a step that breaks off does not end the others
  echo "== $1 ($(date +%T))"
  timeout "$2" "${@:3}" 2>&1 | tee "$out/$1.log" | tail -n 30
}
compare() { step "$1" 450 node dist/bench/compare.js --device gpu --rows "$2" --resume --output "$out" "${@:3}"; }

run() {
  case $1 in
    check) step doctor 60 node bin/ptycho.js doctor
      step device 120 node dist/bench/device.js --device gpu
      step golden 60 node dist/bench/golden.js fixtures/golden --device gpu ;;
    tests) PTYCHO_TEST_DEVICE=gpu step tests 450 node node_modules/vitest/vitest.mjs run test/engine test/kernels test/gpu ;;
    kernels) step kernels 240 node dist/bench/kernels.js --device gpu
      step epochs 120 node dist/bench/run.js --device gpu --sizes 64,128,256 ;;
    fft) step fft 240 node dist/bench/fft.js --device gpu --python "$python" ;;
    h1|h2|h3|h4|h5) compare "$1" "${1^^}" --skip-first-results ;;
    h8) compare h8 H8 --variants default --repeats 3 ;;
    h12) compare h12 H12 ;;
    rows) compare rows n64,n128,n256 ;;
    scale) step scale 450 node dist/bench/scale.js --device gpu ;;
    all) for each in check tests kernels fft h1 h2 h3 h4 h5 h8 h12 scale; do run "$each"; done ;;
    *) echo "no part $1" >&2; exit 2 ;;
  esac
}
run "$part"
