#!/usr/bin/env bash
# Brings what the interop and browser tests talk to: real Python Celery, Redis, RabbitMQ, Chromium, tmux.
# Does nothing that is already there; needs root (or password-less sudo) only where something is missing.
set -euo pipefail

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
have() { command -v "$1" >/dev/null 2>&1; }
have_python() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

missing=()
have redis-server || missing+=(redis-server)
have rabbitmq-server || [ -x /usr/sbin/rabbitmq-server ] || missing+=(rabbitmq-server)
have_python celery || missing+=(python3-celery)
have_python redis || missing+=(python3-redis)
have_python msgpack || missing+=(python3-msgpack)
have_python yaml || missing+=(python3-yaml)
have chromium || missing+=(chromium)
have tmux || missing+=(tmux)
if [ "${#missing[@]}" -gt 0 ] && have apt-get; then
  echo "installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

listening 6379 || redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" --appendonly no --dir /tmp >/dev/null
listening 5672 || as_root rabbitmq-server -detached >/dev/null 2>&1 || true
for _ in $(seq 1 60); do
  if listening 6379 && listening 5672; then exit 0; fi
  sleep 1
done
echo "Redis (6379) or RabbitMQ (5672) did not start on 127.0.0.1" >&2
exit 1
