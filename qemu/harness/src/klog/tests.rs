// SPDX-License-Identifier: GPL-2.0

use super::*;

fn splats(log: &str) -> Vec<String> {
    let mut scanner = Scanner::default();
    log.lines()
        .filter_map(|line| match scanner.feed(line) {
            Line::Splat(title) => Some(title),
            _ => None,
        })
        .collect()
}

#[test]
fn a_watchdog_that_there_is_not_is_no_splat() {
    assert!(splats("[    1.2] NMI watchdog: Perf NMI watchdog permanently disabled").is_empty());
    assert_eq!(
        splats("[    1.2] watchdog: BUG: soft lockup - CPU#1 stuck").len(),
        1
    );
}

#[test]
fn markers() {
    let mut scanner = Scanner::default();
    assert_eq!(
        scanner.feed("[    1.500000] overdrive-test: start rebind"),
        Line::Start("rebind".to_owned())
    );
    assert_eq!(
        scanner.feed("[   11.500000][  T123] overdrive-test: end rebind"),
        Line::End("rebind".to_owned())
    );
    assert_eq!(
        scanner.feed("[    1.5] not overdrive-test: start rebind"),
        Line::Text
    );
}

/// One line each of what a kernel of 7.x prints.
#[test]
fn every_kind_is_seen() {
    for line in [
        "WARNING: drivers/base/dd.c:123 at really_probe+0x1/0x2, CPU#0: sh/77",
        "WARNING: CPU: 0 PID: 77 at drivers/base/dd.c:123 really_probe+0x1/0x2",
        "WARNING: possible circular locking dependency detected",
        "BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "BUG: KASAN: slab-use-after-free in x+0x1/0x2",
        "BUG: sleeping function called from invalid context at mm/x.c:12",
        "BUG: scheduling while atomic: sh/77/0x00000002",
        "BUG kmalloc-64 (Not tainted): Poison overwritten",
        "Oops: Oops: 0002 [#1] SMP PTI",
        "kernel BUG at mm/slub.c:634!",
        "Kernel panic - not syncing: sysrq triggered crash",
        "general protection fault, probably for non-canonical address 0xdead: 0000 [#1]",
        "Unable to handle kernel paging request at virtual address ffff",
        "UBSAN: array-index-out-of-bounds in x.c:1:2",
        "ODEBUG: free active (active state 0) object: 00 object type: timer_list",
        "unreferenced object 0xffff888003c5a000 (size 64):",
        "refcount_t: underflow; use-after-free.",
        "list_del corruption. prev->next should be ffff",
        "INFO: task sh:77 blocked for more than 60 seconds.",
        "INFO: trying to register non-static key.",
        "rcu: INFO: rcu_preempt self-detected stall on CPU",
        "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:77]",
        "sysfs: cannot create duplicate filename '/devices/x'",
        "Device 'x' does not have a release() function, it is broken and must be fixed.",
        "rust_kernel: panicked at src/x.rs:1:2:",
        "sh: page allocation failure: order:0, mode:0x1",
        "Call Trace:",
        "    not ok 2 overdrive_pattern",
        "    # overdrive_pattern: EXPECTATION FAILED at src/x.rs:1",
    ] {
        assert_eq!(splats(&format!("[    1.234567] {line}")).len(), 1, "{line}");
    }
}

#[test]
fn ordinary_lines_are_not() {
    for line in [
        "Linux version 7.3.4 (x@y) (Debian clang version 19.1.7)",
        "Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
        "debug: sysrq: This sysrq operation is disabled.",
        "ok 1 overdrive_pattern",
        "    ok 2 a name with not ok in it",
        "rcu: Preemptible hierarchical RCU implementation.",
        "pci 0000:00:01.0: [1234:11e8] type 00 class 0x00ff00",
        "overdrive: rebind: no driver named oops",
        "Kernel command line: panic=-1 oops=panic",
        "kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)",
        "RAS: Correctable Errors collector initialized.",
    ] {
        assert_eq!(
            splats(&format!("[    0.000000] {line}")),
            Vec::<String>::new(),
            "{line}"
        );
    }
}

#[test]
fn one_event_counts_once() {
    let log = "\
[    9.1] BUG: kernel NULL pointer dereference, address: 0000000000000000
[    9.1] #PF: supervisor write access in kernel mode
[    9.1] RIP: 0010:sysrq_handle_crash+0x1/0x2
[    9.1] Call Trace:
[    9.1]  <TASK>";
    assert_eq!(splats(log).len(), 1);
}

#[test]
fn an_injected_fault_may_have_a_trace() {
    let log = "\
[    9.1] FAULT_INJECTION: forcing a failure.
[    9.1] name failslab, interval 1, probability 100, space 0, times -1
[    9.1] CPU: 0 PID: 1 Comm: sh
[    9.1] Call Trace:
[    9.1]  <TASK>";
    assert_eq!(splats(log), Vec::<String>::new());
    assert_eq!(splats(&format!("{log}\n[    9.2] BUG: KASAN: x")).len(), 1);
}

#[test]
fn a_device_that_an_injected_fault_keeps_out_is_no_fault() {
    let refused = "[    9.1] kobject: kobject_add_internal failed for y0 (error: -12 parent: x)";
    let injected = "[    9.1] FAULT_INJECTION: forcing a failure.";
    assert_eq!(splats(refused).len(), 1);
    assert_eq!(
        splats(&format!("{injected}\n{refused}")),
        Vec::<String>::new()
    );
    let duplicate = refused.replace("-12", "-17");
    assert_eq!(splats(&format!("{injected}\n{duplicate}")).len(), 1);
}
