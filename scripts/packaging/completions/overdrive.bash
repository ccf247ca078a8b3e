
# Names of devices, drivers, rules, slots and buses.
_overdrive_and_names() {
	_overdrive "$@"
	local current=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") kinds= kind at
	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n : -c current -w words
	fi
	# What stands for a word is none.
	for at in "${!COMPREPLY[@]}"; do
		case ${COMPREPLY[at]} in
		'<'* | '['*) unset "COMPREPLY[at]" ;;
		esac
	done
	[[ $current != -* ]] || return 0
	case ${words[1]-} in
	bind) kinds='devices drivers' ;;
	status | doctor | unbind | release | variant | explain | run | monitor) kinds=devices ;;
	save) kinds=rules ;;
	rule) [[ ${words[2]-} != del ]] || kinds=rules ;;
	slot) [[ ${words[2]-} != del ]] || kinds=slots ;;
	bus)
		case ${words[2]-} in
		add) kinds=buses ;;
		del) kinds=extended ;;
		esac
		;;
	esac
	for kind in $kinds; do
		COMPREPLY+=($(compgen -W "$(overdrive names "$kind" 2>/dev/null)" -- "$current"))
	done
	! declare -F __ltrim_colon_completions >/dev/null || __ltrim_colon_completions "$current"
}
complete -F _overdrive_and_names -o nosort -o bashdefault -o default overdrive
