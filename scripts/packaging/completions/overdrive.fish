
# Names of devices, drivers, rules, slots and buses.
complete -c overdrive -f -n "__fish_seen_subcommand_from status doctor bind unbind release variant explain monitor" -a "(overdrive names devices 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from bind" -a "(overdrive names drivers 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from save" -a "(overdrive names rules 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from rule; and __fish_seen_subcommand_from del" -a "(overdrive names rules 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from slot; and __fish_seen_subcommand_from del" -a "(overdrive names slots 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from bus; and __fish_seen_subcommand_from add" -a "(overdrive names buses 2>/dev/null)"
complete -c overdrive -f -n "__fish_seen_subcommand_from bus; and __fish_seen_subcommand_from del" -a "(overdrive names extended 2>/dev/null)"
