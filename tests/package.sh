#!/usr/bin/env bash
# Builds the Debian package around a binary, and installs, runs, upgrades, removes and purges it in a root of its own, made of
# the machine's packages: nothing is downloaded, and the machine itself stays as it is.
# Usage: tests/package.sh [BINARY]   (default: target/debug/seikan, which `cargo test` builds)
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug/seikan}")

fail() {
  printf 'package: %s\n' "$*" >&2
  exit 1
}

# same WHAT IS WANTED
same() {
  [ "$2" = "$3" ] || fail "$1: \"$2\", not \"$3\""
}

[ -x "$binary" ] || fail "$binary is no program: build it first, with cargo build"
for tool in cargo-deb:'cargo install cargo-deb --version 3.8.0 --locked' dpkg-shlibdeps:'apt-get install dpkg-dev' \
  systemd-analyze:'apt-get install systemd' adduser:'apt-get install adduser' curl:'apt-get install curl' \
  python3:'apt-get install python3' apt-cache:'Debian or Ubuntu'; do
  command -v "${tool%%:*}" > /dev/null || fail "${tool%%:*} is missing; it comes with: ${tool#*:}"
done
[ "$(id -u)" = 0 ] || fail "only root can change to another root directory; run it as root"

work=$(mktemp -d)
root=$work/root
server=
leave() {
  local code=$?
  [ -z "$server" ] || kill -KILL "$server" 2> /dev/null || true
  if [ "$code" != 0 ] && [ -s "$work/server.log" ]; then
    printf -- '--- printed by the server:\n%s\n' "$(< "$work/server.log")" >&2
  fi
  rm -rf "$work"
}
trap leave EXIT

# until WHAT COMMAND…: asks until it holds, for a minute at most.
until_() {
  local what=$1 end=$((SECONDS + 60))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "not within a minute: $what"
    read -rt 0.05 <> <(:) || true
  done
}

# in_root COMMAND…
in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$root" "$@"
}

# The essential packages, adduser, and what these need, as they are on this machine.
make_root() {
  mkdir -p "$root"/{dev,proc,tmp,root,var/lib/dpkg/{info,updates,triggers,parts,alternatives}}
  local link names packages
  for link in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$link" ]; then
      mkdir -p "$root/$(readlink "/$link")"
      cp -d "/$link" "$root/"
    fi
  done
  mapfile -t names < <(
    dpkg-query -Wf '${Essential} ${Package}\n' | sed -n 's/^yes //p'
    echo adduser
  )
  mapfile -t packages < <(
    apt-cache depends --recurse --installed --no-recommends --no-suggests --no-enhances --no-conflicts --no-breaks \
      --no-replaces "${names[@]}" | sed -n 's/^\([a-z0-9][^ ]*\)$/\1/p' | sort -u |
      xargs dpkg-query -Wf '${db:Status-Abbrev} ${binary:Package}\n' 2> /dev/null | sed -n 's/^ii *//p'
  )
  dpkg-query -L "${packages[@]}" | grep '^/.' | grep -v '^/usr/share/\(doc\|man\|locale\)/' | sort -u |
    while read -r path; do
      if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi
    done | tar -C / --no-recursion -cf - -T - 2> /dev/null | tar -C "$root" --keep-directory-symlink -xf -
  cp -a /etc/alternatives "$root/etc/"
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  dpkg-query -s "${packages[@]}" > "$root/var/lib/dpkg/status"
  for name in "${packages[@]}"; do
    cp "/var/lib/dpkg/info/$name".* "$root/var/lib/dpkg/info/" 2> /dev/null || true
  done
  chmod 1777 "$root/tmp"
  : > "$root/dev/null"
  chmod 666 "$root/dev/null"
}

# serve: starts the server as the unit does, on a free port; sets `server` and `url`.
serve() {
  local unit=$root/usr/lib/systemd/system/seikan.service command
  command=$(sed -n 's/^ExecStart=//p' "$unit")
  : > "$work/server.log"
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot --userspec="$(sed -n 's/^User=//p' "$unit")" "$root" /bin/sh -c \
    "umask $(sed -n 's/^UMask=//p' "$unit"); cd $(sed -n 's/^WorkingDirectory=//p' "$unit"); exec $command --listen 127.0.0.1:0" \
    > "$work/server.log" 2>&1 &
  server=$!
  until_ "the server is ready" ready
  url=$(sed -n 's|.* is ready after .*\(http://[^/]*\)/.*|\1|p' "$work/server.log")
}

ready() {
  kill -0 "$server" 2> /dev/null || fail "the server ended"
  grep -q ' is ready after ' "$work/server.log"
}

stop_server() {
  kill -TERM "$server"
  wait "$server" || fail "the server ended with $? after SIGTERM"
  server=
}

# state JOB: what the server says of it.
state() {
  curl -sS "$url/job-info/$1" | python3 -c 'import json, sys; print(json.load(sys.stdin).get("jobStatus"))'
}

ended() {
  [[ $(state "$1") =~ ^(FINISHED|FAILED|CANCELED)$ ]]
}

# modes PATH: mode, owner and group.
modes() {
  in_root stat -c '%a %U:%G' "$1"
}

echo "package: building"
mkdir -p "$work/target/dist"
ln -s "$binary" "$work/target/dist/seikan"
CARGO_TARGET_DIR=$work/target cargo deb --no-build --fast --locked --quiet --output "$work/seikan.deb" > /dev/null
# The next version brings another configuration.
dpkg-deb -R "$work/seikan.deb" "$work/next"
sed -i 's/^Version: .*/&.1/' "$work/next/DEBIAN/control"
sed -i '1i # A line of the next version.' "$work/next/etc/seikan/seatunnel.yaml"
make_root
cp "$work/seikan.deb" "$root/tmp/seikan.deb"
dpkg-deb -Z gzip -z 1 -b "$work/next" "$root/tmp/next.deb" > /dev/null

echo "package: installing"
in_root dpkg -i /tmp/seikan.deb > "$work/dpkg.log" 2>&1 || fail "$(< "$work/dpkg.log")"
same "/usr/bin/seikan" "$(modes /usr/bin/seikan)" "755 root:root"
same "/var/lib/seikan" "$(modes /var/lib/seikan)" "700 seikan:seikan"
same "the configuration" "$(modes /etc/seikan/seatunnel.yaml)" "644 root:root"
same "files of configuration" "$(in_root dpkg-query -Wf '${Conffiles}' seikan | awk '{print $1}' | xargs)" \
  "/etc/seikan/seatunnel.yaml"
same "the shell of the user" "$(in_root getent passwd seikan | cut -d: -f6,7)" "/var/lib/seikan:/usr/sbin/nologin"
for path in /usr/share/doc/seikan/{copyright,README.md,docs/install.md,examples/quickstart.conf} \
  /usr/lib/systemd/system/seikan{,-backup}.service /usr/lib/systemd/system/seikan-backup.timer; do
  same "$path" "$(modes "$path")" "644 root:root"
done
same "units enabled" "$(in_root sh -c 'cd /etc/systemd/system && echo *.wants/seikan*')" "multi-user.target.wants/seikan.service"
in_root /var/lib/dpkg/info/seikan.postinst configure > "$work/again" 2>&1 || fail "postinst, again: $(< "$work/again")"

echo "package: checking the units"
cp -n /usr/lib/systemd/system/*.target "$root/usr/lib/systemd/system/"
for unit in seikan.service seikan-backup.service seikan-backup.timer; do
  said=$(systemd-analyze verify --man=no --root="$root" "$unit" 2>&1) || true
  same "systemd-analyze verify $unit" "$said" ""
done
for unit in seikan seikan-backup; do
  systemd-analyze security --offline=yes --threshold=20 --no-pager --root="$root" "$unit.service" > "$work/security" ||
    fail "$unit.service is exposed more than 2.0: $(tail -1 "$work/security")"
done

echo "package: running"
serve
# The first job of the installation's document, as it stands there.
sed -n '/^## A first job/,/^## /p' docs/install.md | sed -n '/^```sh/,/^```/p' | sed '/^```/d; /finished-jobs/d; /^cd /d' |
  sed "s|http://127.0.0.1:8080|$url|" > "$work/first.sh"
job=$(bash "$work/first.sh" 2> /dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["jobId"])')
until_ "the first job has ended" ended "$job"
same "the first job" "$(state "$job")" FINISHED
same "its rows" "$(grep -c '' "$root"/var/lib/seikan/first/*.csv)" 5
same "its output" "$(modes /var/lib/seikan/first)" "700 seikan:seikan"
same "the data directory" "$(modes /var/lib/seikan/data)" "700 seikan:seikan"
# As the unit of the backup does, while the server runs; then the document's restore, but for systemctl and curl.
in_root install -d -o seikan -g seikan -m 0700 /var/lib/seikan-backups
in_root setpriv --reuid=seikan --regid=seikan --clear-groups \
  $(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/seikan-backup.service") > "$work/backup" 2>&1 ||
  fail "the backup: $(< "$work/backup")"
stop_server
in_root install -o seikan /dev/null /tmp/number
in_root sh -c 'cd /usr/share/doc/seikan && seikan run examples/quickstart.conf' > "$work/quickstart" 2>&1 ||
  fail "the example: $(< "$work/quickstart")"

echo "package: restoring"
{
  echo "set -eu"
  grep '^newest=' docs/operations.md
  sed -n '/^In earnest/,/^Look at/p' docs/operations.md | grep '^mv\|^seikan\|^chown'
} > "$root/tmp/restore.sh"
same "commands of the restore" "$(wc -l < "$root/tmp/restore.sh")" 5
in_root sh /tmp/restore.sh > "$work/restore" 2>&1 || fail "the restore: $(< "$work/restore")"
serve
same "the first job in the restored directory" "$(state "$job")" FINISHED
curl -sS -X POST "$url/resume-jobs" | grep -q '"success"' || fail "the restored directory can't be resumed"
stop_server

echo "package: upgrading"
echo "# A line of the administrator." >> "$root/etc/seikan/seatunnel.yaml"
in_root dpkg --force-confold -i /tmp/next.deb > "$work/dpkg.log" 2>&1 || fail "$(< "$work/dpkg.log")"
same "the changed configuration" "$(tail -1 "$root/etc/seikan/seatunnel.yaml")" "# A line of the administrator."
same "the new one beside it" "$(head -1 "$root/etc/seikan/seatunnel.yaml.dpkg-dist")" "# A line of the next version."
serve
same "the first job after the upgrade" "$(state "$job")" FINISHED
stop_server

echo "package: removing"
in_root dpkg -r seikan > "$work/dpkg.log" 2>&1 || fail "$(< "$work/dpkg.log")"
[ ! -e "$root/usr/bin/seikan" ] || fail "the program is still there"
[ -e "$root/etc/seikan/seatunnel.yaml" ] || fail "a removal takes the configuration away"
same "/var/lib/seikan after the removal" "$(modes /var/lib/seikan)" "700 seikan:seikan"
in_root dpkg -P seikan > "$work/dpkg.log" 2>&1 || fail "$(< "$work/dpkg.log")"
grep -q '^seikan: /var/lib/seikan is kept' "$work/dpkg.log" || fail "a purge doesn't say where the data are: $(< "$work/dpkg.log")"
[ ! -e "$root/etc/seikan" ] || fail "a purge leaves the configuration"
! in_root getent passwd seikan || fail "a purge leaves the user"
! in_root getent group seikan || fail "a purge leaves the group"
same "/var/lib/seikan after the purge" "$(modes /var/lib/seikan)" "700 root:root"
[ -e "$root/var/lib/seikan/data/identity" ] || fail "a purge takes the data away"

echo "package: installing again, over kept data"
# Another user gets the number that the purge has set free.
in_root adduser --quiet --system --group --no-create-home other > "$work/adduser" 2>&1 || fail "$(< "$work/adduser")"
in_root dpkg -i /tmp/seikan.deb > "$work/dpkg.log" 2>&1 || fail "$(< "$work/dpkg.log")"
same "the other user's number" "$(in_root id -u other)" "$(stat -c %u "$root/tmp/number")"
same "files that the user does not own" "$(in_root find /var/lib/seikan ! -user seikan)" ""
serve
same "the first job after the purge" "$(state "$job")" FINISHED
stop_server
echo "package: done in $SECONDS s"
