#!/bin/busybox sh
# First program of the machine whose power is cut: finds disks and network, and becomes the server.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk failover net_failover \
  virtio_net; do
  $b insmod /mod/$module.ko
done
$b ip link set lo up
$b ip link set eth0 up
$b ip addr add 10.0.2.15/24 dev eth0
$b ip route add default via 10.0.2.2
$b mount -t ext4 -o ro /dev/vda /root
$b mount -t ext4 /dev/vdb /root/data || $b poweroff -f
$b mount -t tmpfs tmp /root/tmp
$b mount --move /proc /root/proc
$b mount --move /dev /root/dev
database=/root/app/packages/platform/dist/database.js
# The control: a store that does not wait for the disk must be seen to lose.
if $b grep -q glowworm.control /root/proc/cmdline; then
  $b sed 's/synchronous = FULL/synchronous = OFF/' $database >/root/tmp/database.js
  $b mount --bind /root/tmp/database.js $database
fi
export HOME=/tmp PATH=/bin
exec $b chroot /root /bin/node /app/packages/cli/bin/glowworm.js server run --data /data/store --listen 0.0.0.0:8787
