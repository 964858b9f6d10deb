# Functions for the scripts of guests. An NVDIMM is named by its number, from 0, in the order in which the host gave them.

# The number of its region: drivers look at all NVDIMMs at once, so regions come in any order.
region_of() {
  for region in /sys/bus/nd/devices/region*; do
    case "$(cat "$region/mapping0")" in
    "nmem$1,"*)
      echo "${region##*/region}"
      return
      ;;
    esac
  done
  return 1
}

# The disk of its BTT, without /dev/. Fails where the driver took it for none.
btt_disk_of() {
  region=$(region_of "$1") || return
  for disk in "/sys/block/pmem${region}s" "/sys/block/pmem${region}".*s; do
    if [ -e "$disk" ]; then
      echo "${disk##*/}"
      return
    fi
  done
  return 1
}

# Leaves what the driver reads of its BTT in four files: geometry-N (bytes of a sector, number of sectors), content-N (all sectors, zeros for
# those that cannot be read), lost-N (what dd says, also of those), and in-pages-N (as content-N, but read in large pieces, and up to a lost one only).
read_out() {
  disk=$(btt_disk_of "$1") || return
  sector_bytes=$(cat "/sys/block/$disk/queue/logical_block_size")
  echo "$sector_bytes $(($(cat "/sys/block/$disk/size") * 512 / sector_bytes))" >"geometry-$1"
  # A sector at a time, and past the page cache, which reads more at once: when the driver meets a zero entry in the map, it leaves the rest of that
  # page of the reader as it was, and says nothing of lost sectors there.
  gnu-dd if="/dev/$disk" of="content-$1" ibs="$sector_bytes" obs=1M iflag=direct conv=noerror,sync 2>"lost-$1"
  read_in_pages "$1"
}

# Leaves all sectors, as they are read in large pieces and up to a lost one, in in-pages-N.
read_in_pages() {
  gnu-dd if="/dev/$(btt_disk_of "$1")" of="in-pages-$1" bs=1M iflag=direct 2>/dev/null
}

# Has ndctl check its BTT, after `ndctl disable-namespace all`. Its exit status is ndctl's.
ndctl_check() {
  ndctl check-namespace "namespace$(region_of "$1").0"
}
