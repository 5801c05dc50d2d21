#!/usr/bin/env bash
# Installs the Debian packages that building and testing need. Without the right to, it says how to.
set -euo pipefail
cd "$(dirname "$0")/.."

# For the provider's image; the libvirt hosts know themselves what they need.
hosts=$(go run ./cluster/libvirthosts/cmd/libvirthosts packages)
mapfile -t needed <<<"$hosts"
needed+=(ca-certificates libvirt0)

missing=()
for package in "${needed[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

install=(apt-get install --no-install-recommends --yes "${missing[@]}")
if ((EUID != 0)); then
  echo "Debian packages are missing. Install them with:"
  echo "  sudo ${install[*]}"
  exit 1
fi
echo "Installing Debian packages: ${missing[*]}"
# Daemons are started by the tests, on their own terms, and not by being installed.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update --quiet
"${install[@]}"
