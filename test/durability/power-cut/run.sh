#!/usr/bin/env bash
# Cuts the power of a machine $1 times (200 when absent) while it takes reports. Needs Debian's qemu-system-x86,
# busybox-static, cpio and e2fsprogs; no root.
set -euo pipefail
cd "$(dirname "$0")/../../.."
machine=$(mktemp -d)
trap 'rm -rf "$machine"' EXIT
npx tsc -b
test/durability/power-cut/make-machine.sh "$machine"
GLOWWORM_MACHINE=$machine GLOWWORM_POWER_CUTS=${1:-200} npx vitest run test/durability/power-cut
