#!/usr/bin/env bash
# Makes what test/durability/power-cut needs in the folder $1: kernel, initial file system, and a disk with Node and the
# built program. Needs busybox-static, cpio and e2fsprogs; takes the kernel from Debian.
set -euo pipefail
target=$(mkdir -p "$1" && cd "$1" && pwd)
project=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

take_kernel() {
  local package
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
  (cd "$work" && apt-get download -qq "$package" && dpkg -x "$package"_*.deb kernel)
  cp "$work"/kernel/boot/vmlinuz-* "$target/vmlinuz"
}

# Only what finds the disks and the network; the rest is on a disk.
make_initial() {
  local root=$work/initial modules name
  modules=$(echo "$work"/kernel/lib/modules/*/kernel)
  mkdir -p "$root"/{bin,dev,mod,proc,root}
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in virtio/virtio virtio/virtio_ring virtio/virtio_pci_modern_dev virtio/virtio_pci_legacy_dev \
    virtio/virtio_pci block/virtio_blk ../net/core/failover net/net_failover net/virtio_net; do
    cp "$modules/drivers/$name.ko" "$root/mod/"
  done
  cp "$project/test/durability/power-cut/start-machine.sh" "$root/init"
  chmod +x "$root/init"
  (cd "$root" && find . | cpio --quiet -o -H newc) >"$target/initial.cpio"
}

copy_with_libraries() {
  cp -L "$1" "$work/root$2"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
  done
}

make_root() {
  local root=$work/root
  mkdir -p "$root"/{app,bin,data,dev,proc,sys,tmp}
  cp "$(command -v busybox)" "$root/bin/busybox"
  copy_with_libraries "$(readlink -f "$(command -v node)")" /bin/node
  cd "$project"
  npm ls --omit=dev --all --parseable 2>/dev/null | grep "^$project/node_modules/" | grep -v "/@glowworm/" |
    sed "s|^$project/||" | sort -u | tar -c --exclude='deps' -T - | tar -x -C "$root/app"
  mkdir -p "$root/app/node_modules/@glowworm"
  cp -P node_modules/@glowworm/* "$root/app/node_modules/@glowworm/"
  tar -c package.json packages/*/package.json packages/*/dist packages/*/bin | tar -x -C "$root/app"
  rm -f "$target/root.img"
  truncate -s 512M "$target/root.img"
  /sbin/mkfs.ext4 -q -O ^has_journal -d "$root" "$target/root.img"
}

take_kernel
make_initial
make_root
