
# Names of devices, drivers, rules, slots and buses.
_overdrive_names() {
	local -a names
	names=(${(f)"$(overdrive names $1 2>/dev/null)"})
	compadd -a names
}
