#!/usr/bin/env bash
# Fills an image; Dockerfiles and Apptainer definitions both call it: packages of Debian or Ubuntu, then the lock's Python packages in /opt/env.
#
#   install.sh NAME LOCK LOCK_SHA256 [SNAPSHOT]
#
# SNAPSHOT is a day of the distribution's archive, such as 20261101T000000Z; without it the sources of the base are taken as they are.
set -euo pipefail
name=$1 lock=$2 lock_sha256=$3 snapshot=${4:-}

# What every image needs: git for the commit in the records, util-linux for flock.
packages=(bash ca-certificates git util-linux)
case $name in
  # Triton compiles its launchers as it starts: a C compiler and Python's headers. bubblewrap is the sandbox of model-written programs.
  # vLLM for CPUs is linked to libnuma.
  serve) packages+=(python3 python3-dev python3-venv gcc g++ libnuma1 bubblewrap) ;;
  # DeepSpeed compiles its kernels as it starts; ninja comes from the lock. libnuma is for vLLM in grpo.
  train) packages+=(python3 python3-dev python3-venv gcc g++ libnuma1) ;;
  # Its base brings Python.
  analyze) ;;
  *)
    echo "error: no image is called $name: serve, train or analyze" >&2
    exit 1
    ;;
esac

# The label must not say of an image what is not true.
if ! echo "$lock_sha256  $lock" | sha256sum --check --status; then
  echo "error: $lock is not the lock that LOCK_SHA256 names" >&2
  exit 1
fi

apt=(apt-get -q -y -o APT::Update::Error-Mode=any)
if [ -n "$snapshot" ]; then
  # The archive as it was that day takes the place of today's. apt's own --snapshot would keep today's beside it, and take the newer package.
  # NVIDIA's archive has no snapshots, and the base has all that we need of it.
  rm -f /etc/apt/sources.list.d/cuda*
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -e "$file" ] || continue
    sed --in-place --regexp-extended \
      -e "s#https?://(deb|security)\.debian\.org/(debian-security|debian)/?#http://snapshot.debian.org/archive/\2/$snapshot/#g" \
      -e "s#https?://(archive|security)\.ubuntu\.com/ubuntu/?#https://snapshot.ubuntu.com/ubuntu/$snapshot/#g" "$file"
    if grep --extended-regexp '^[^#]*https?://' "$file" | grep --quiet --invert-match "/$snapshot/"; then
      echo "error: $file names an archive that has no snapshots" >&2
      exit 1
    fi
  done
  # Its index is past its date by design; its signature is checked as always.
  apt+=(-o Acquire::Check-Valid-Until=false)
fi

export DEBIAN_FRONTEND=noninteractive
"${apt[@]}" update
"${apt[@]}" install --no-install-recommends "${packages[@]}"
rm -rf /var/lib/apt/lists/*
# The repository is mounted, and belongs to whoever mounted it.
git config --system --add safe.directory '*'

python3 -m venv /opt/env
pip=(/opt/env/bin/python -m pip --disable-pip-version-check install --no-cache-dir --no-compile --require-hashes --no-deps)
if grep --quiet '^setuptools==' "$lock"; then
  # What comes as source is built by the lock's own setuptools, not by whichever is the newest today.
  awk '/^[^ ]/ { keep = /^setuptools==/ } keep' "$lock" > /tmp/setuptools.lock
  "${pip[@]}" -r /tmp/setuptools.lock
  rm /tmp/setuptools.lock
  pip+=(--no-build-isolation)
fi
"${pip[@]}" -r "$lock"
# Bytecode that is bound to the source's hash: an image's tools reset the times of files, and nobody can write there again.
# Some packages ship files that are not Python 3; compileall ends with 1 for these, which is no fault.
/opt/env/bin/python -m compileall -qq -j 0 --invalidation-mode unchecked-hash /opt/env/lib || true

useradd --create-home --uid 10001 --shell /bin/bash runner
# Whoever runs the image as a user of their own has this home too.
chmod 1777 /home/runner
