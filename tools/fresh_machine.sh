#!/usr/bin/env bash
# The README's two commands on a machine with nothing but python3, python3-venv, make, git and gcc: a clean Debian made with mmdebstrap, a fresh clone in it.
# The first make names what is missing (libnuma) in one line; with that installed the commands run.
#
#   sudo tools/fresh_machine.sh              make demo, then make test
#   sudo tools/fresh_machine.sh setup        any other targets of the Makefile
#
# Needs root, mmdebstrap, about 8 GB under TMPDIR. Settings of this machine's apt and pip (mirrors, certificates, folders of wheels) are handed on, nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("${@:-demo}")
[ $# -gt 0 ] || targets=(demo test)
root=$(mktemp -d)
leave() {
  for place in "$root"/proc "$root"/sys "$root"/dev "${wheels[@]/#/$root}"; do mountpoint -q "$place" && umount -R "$place"; done
  rm -rf --one-file-system "$root"
}
wheels=()
trap leave EXIT

mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,make,git,gcc bookworm "$root" /etc/apt/sources.list.d/debian.sources
cp /etc/resolv.conf /etc/hosts "$root/etc/"
mkdir -p "$root/etc/ssl/certs" "$root/root/project"
cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
for folder in ${PIP_FIND_LINKS:-}; do
  [ -d "$folder" ] || continue
  mkdir -p "$root$folder" && mount --bind "$folder" "$root$folder" && wheels+=("$folder")
done
mount -t proc proc "$root/proc"
for place in dev sys; do
  mount --rbind "/$place" "$root/$place" && mount --make-rslave "$root/$place"
done
git bundle create --quiet "$root/root/project.bundle" HEAD
settings=$(env | grep -E '^(PIP_|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)' || true)
mapfile -t settings <<<"$settings"
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "${settings[@]}" "$@"; }
inside git clone --quiet /root/project.bundle /root/project/clone
echo "what a first make says:"
inside make --directory /root/project/clone setup && { echo "error: it should have missed libnuma"; exit 1; }
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends libnuma1
for target in "${targets[@]}"; do
  begin=$SECONDS
  inside make --directory /root/project/clone "$target"
  echo "make $target on a fresh machine: $((SECONDS - begin)) s"
done
