#!/bin/busybox sh
# The first process of the guest: loads the drivers, runs the script of the job, says how it ended, and turns the machine off.
# The kernel's command line gives it LIMIT_SECONDS, and FOLDERS: names of folders of the host, with commas between them.

export PATH=/bin
/bin/busybox --install -s /bin

give_up() {
  echo "init: $1"
  poweroff -f
}

mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev || give_up 'no /proc, /sys or /dev'
mount -t debugfs debug /sys/kernel/debug
# More errors than a few are expected, and each of them counts.
echo 0 >/proc/sys/kernel/printk_ratelimit

while read -r module; do
  insmod "/modules/$module" || give_up "$module cannot be loaded"
done </modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576 job /job || give_up 'no folder of the job'
for folder in $(echo "$FOLDERS" | tr ',' ' '); do
  mkdir "/$folder"
  mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose "$folder" "/$folder" || give_up "no folder $folder"
done
cut -d ' ' -f 1 /proc/uptime >/job/up

# Reading it waits until the driver has looked at all NVDIMMs.
for bus in /sys/bus/nd/devices/ndbus*; do
  [ -e "$bus" ] && cat "$bus/wait_probe" >/dev/null
done

cd /job || give_up 'no folder of the job'
timeout -s KILL "$LIMIT_SECONDS" sh -u script.sh >output 2>&1
echo $? >status
dmesg >dmesg
sync
poweroff -f
