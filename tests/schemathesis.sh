#!/usr/bin/env bash
# Holds a running server against /openapi.json: generated requests, and what is answered. Needs the built program, and
# Python 3 with venv.
#   tests/schemathesis.sh [program]
# SEIKAN_SCHEMATHESIS_SECONDS: how long (300). SEIKAN_SCHEMATHESIS_VENV: where the tool lies or is put.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/seikan}")
seconds=${SEIKAN_SCHEMATHESIS_SECONDS:-300}
work=$(mktemp -d)
venv=$(realpath -m "${SEIKAN_SCHEMATHESIS_VENV:-$work/venv}")
server=
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2> /dev/null || true
    wait "$server" 2> /dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

if [ ! -x "$venv/bin/schemathesis" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'
fi

# The jobs that are generated run in a directory of their own.
(cd "$work" && exec "$program" serve --data-dir "$work/data" --listen 127.0.0.1:0 > "$work/out" 2> "$work/err") &
server=$!
url=
for _ in $(seq 300); do
  url=$(sed -n 's#.*is ready after.*\(http://[^/]*\)/overview.*#\1#p' "$work/out")
  [ -n "$url" ] && break
  kill -0 "$server"
  sleep 0.1
done
[ -n "$url" ] || { cat "$work/err"; exit 1; }

cat > "$work/schemathesis.toml" << 'TOML'
[checks]
# A server that takes more than the document promises breaks no promise.
negative_data_rejection.enabled = false
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = true
TOML
status=0
# It keeps notes where it is run: not in the checkout.
cd "$work"
"$venv/bin/schemathesis" --config-file "$work/schemathesis.toml" run "$url/openapi.json" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method \
  --max-time "$seconds" --continue-on-failure || status=$?
if grep -q panicked "$work/err"; then
  grep -A5 panicked "$work/err"
  status=1
fi
curl -sf "$url/health" > /dev/null || status=1
exit "$status"
