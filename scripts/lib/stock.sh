# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# A distribution's kernel as the harness wants it: its image, its configuration, and the modules that a guest needs.

# The guest's init loads them, as udev would for the devices of the guest.
stock_drivers='vfio_iommu_type1 virtio_pci virtio_console virtio_net virtio_blk virtio_rng virtio_scsi sd_mod nvme e1000e e1000
	i2c_i801 xhci_pci usb_storage uas usbhid hid_generic cdc_ether'
# What tests load.
stock_modules='vfio vfio_pci vfio_pci_core pci_stub sdhci_pci i2c_stub i2c_dev lm75 atkbd psmouse mmc_block configfs ext4 raid0
	md_mod loop'

stock_kernel_step() {
	stock_from=$metadata_root/usr/lib/modules/$release
	stock_to=$work/kernel/overdrive-modules/lib/modules/$release
	mkdir -p "$stock_to"
	cp "$stock_from/vmlinuz" "$work/kernel/"
	cp "$metadata_headers/.config" "$work/kernel/"
	cp "$stock_from"/modules.builtin "$stock_from"/modules.builtin.modinfo "$stock_from/modules.order" "$stock_to/"
	as_root depmod -b "$metadata_root/usr" "$release"
	for stock_module in $stock_drivers $stock_modules; do
		modprobe -d "$metadata_root/usr" -S "$release" --show-depends "$stock_module" || echo "no module $stock_module"
	done | sed -n 's/^insmod \([^ ]*\) *$/\1/p' | sort -u >"$work/modules"
	while read -r stock_file; do
		# As it is in the folder of modules. What the guest loads modules with knows no compression.
		stock_place=$stock_to/${stock_file#*/modules/"$release"/}
		mkdir -p "${stock_place%/*}"
		case $stock_file in
		*.xz) xz -dc "$stock_file" >"${stock_place%.xz}" ;;
		*.zst) zstd -dc "$stock_file" >"${stock_place%.zst}" ;;
		*) cp "$stock_file" "$stock_place" ;;
		esac
	done <"$work/modules"
	for stock_module in $stock_drivers; do
		echo "$stock_module"
	done >"$stock_to/overdrive-drivers"
	rm -rf "$metadata_dir"/kernel-*
	keep "$work/kernel" "$stock_kernel"
}

stock_survey() {
	stock_key=$(cksum <"$top/scripts/lib/stock.sh" | cut -d ' ' -f 1)
	stock_kernel=$metadata_dir/kernel-${metadata_key}-$stock_key
}

# overdrive.ko and the tests' drivers, by the kernel's own compilers, into $stock_output.
stock_module_step() {
	stock_inside=/tmp/overdrive
	as_root rm -rf "$metadata_root$stock_inside"
	as_root mkdir "$metadata_root$stock_inside"
	(cd "$top" && tar -cf - Makefile Kbuild src scripts qemu/modules) | as_root tar -C "$metadata_root$stock_inside" -xf -
	root_run "$metadata_root" make -C "$stock_inside" "KDIR=/usr/src/linux-headers-$release" test-modules
	rm -rf "$stock_output"
	mkdir -p "$stock_output"
	cp "$metadata_root$stock_inside"/build/module/custom/*.ko "$stock_output/"
}
