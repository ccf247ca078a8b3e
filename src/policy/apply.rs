// SPDX-License-Identifier: GPL-2.0

//! Rules, applied to devices.

use super::{
    facts::DeviceFacts,
    rules::{
        driver_word,
        field::Field,
        spec::Mismatch,
        table::Table,
        Origin,
        Rule,
        RuleId,
        Spec, //
    },
    Policy,
    Rules, //
};
use crate::{
    abstractions::{
        device,
        driver_override::{
            self,
            Override,
            Token, //
        },
        trace, //
    },
    bus,
    device::{
        override_source::OverrideSource,
        tracked::{
            TrackedBus,
            TrackedDevice, //
        },
    },
    driver_name::DriverName,
    transaction::target::Target, //
};
use kernel::{
    device::Device,
    prelude::*,
    str::BStr,
    sync::{
        lock::{
            mutex::MutexBackend,
            Guard, //
        },
        Arc, //
    }, //
};

/// A rule in the policy's table; dropping it removes the rule, and clears the overrides that it set
/// and nobody changed since.
pub(crate) struct ActiveRule {
    policy: Arc<Policy>,
    // What the rule is found by in the table.
    spec: Arc<Spec>,
    id: RuleId,
}

impl ActiveRule {
    /// To how many devices the rule gave their override.
    pub(crate) fn hits(&self) -> u64 {
        let rules = self.policy.rules.lock();

        rules
            .table
            .get(&self.spec, self.id)
            .map_or(0, |rule| rule.hits)
    }

    /// Says in the log if the rule can't act, because the devices of its bus honour no override.
    pub(crate) fn warn_of_bus(&self) {
        let (name, bus) = (self.spec.name(), self.spec.get(Field::Bus));

        if !bus.is_empty() && bus::honours_override(bus) == Ok(false) {
            pr_warn!(
                "rule {}: the bus {} is not extended: the rule acts when it is\n",
                BStr::from_bytes(name),
                BStr::from_bytes(bus)
            );
        }
    }

    /// Sets the override of devices that are there already, and for which this rule wins.
    ///
    /// Devices with an override keep theirs, and all keep their drivers.
    pub(crate) fn set_overrides(&self) {
        self.policy
            .devices
            .for_each(|tracked| self.policy.apply_rules_by(tracked, Some(self.id)));
    }
}

impl Drop for ActiveRule {
    fn drop(&mut self) {
        let rule = self.policy.rules.lock().table.remove(&self.spec, self.id);

        if rule.is_some() {
            self.policy
                .devices
                .for_each(|tracked| tracked.clear_set_by(Some(self.id)));
        }
    }
}

impl Policy {
    /// Adds a rule. It acts on devices that are discovered from now on.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn activate(
        self: &Arc<Self>,
        spec: Spec,
        id: RuleId,
        origin: Origin,
    ) -> Result<ActiveRule> {
        let spec = Arc::new(spec, GFP_KERNEL)?;

        self.rules.lock().table.insert(Rule {
            spec: spec.clone(),
            id,
            origin,
            hits: 0,
        })?;
        Ok(ActiveRule {
            policy: self.clone(),
            spec,
            id,
        })
    }

    /// Gives a device that has no override the one that the rules have for it.
    pub(super) fn apply_rules(&self, tracked: &Arc<TrackedDevice>) {
        self.apply_rules_by(tracked, None);
    }

    fn apply_rules_by(&self, tracked: &Arc<TrackedDevice>, only: Option<RuleId>) {
        if let Err(err) = self.try_apply_rules(tracked, only) {
            dev_err!(
                tracked.device(),
                "no rule could be applied: error {}\n",
                err.to_errno()
            );
        }
    }

    fn try_apply_rules(&self, tracked: &Arc<TrackedDevice>, only: Option<RuleId>) -> Result {
        let dev = tracked.device();
        let Some((facts, mut rules)) = self.facts_and_rules(tracked)? else {
            return Ok(());
        };
        // The table stays locked until the override is set: a rule that is removed at the same time
        // either isn't found, or finds the override that it has to clear.
        if only.is_none() {
            log_near_misses(&rules.table, &facts, dev);
        }
        let Some(rule) = rules.table.find_mut(&facts) else {
            return Ok(());
        };
        if only.is_some_and(|id| id != rule.id) {
            return Ok(());
        }
        if rule.spec.driver() == driver_word::STANDARD {
            rule.hits = rule.hits.saturating_add(1);
            return Ok(());
        }
        let mut source = source_of(rule, &facts)?;
        let new = Override::distinct(&source.driver)?;
        source.token = new.token();
        let keeps_off = source.driver[..] == *DriverName::NONE;
        let mut state = tracked.state.lock();
        let set = driver_override::replace_if(dev, None, Some(new));

        if set.is_ok() {
            rule.hits = rule.hits.saturating_add(1);
            dev_info!(
                dev,
                "override {} by {}\n",
                BStr::from_bytes(&source.driver),
                BStr::from_bytes(&source.name)
            );
            trace::rule(dev, &source.name, &source.driver);
            state.source = Some(source);
        }
        drop(state);
        drop(rules);
        if keeps_off && set.is_ok() {
            self.report_kept_off(tracked);
        }
        drop(set);
        Ok(())
    }

    /// Finds out what the rules ask for, and locks them; [`None`] if there are none.
    fn facts_and_rules<'a>(
        &'a self,
        tracked: &'a TrackedDevice,
    ) -> Result<Option<(DeviceFacts<'a>, Guard<'a, Rules, MutexBackend>)>> {
        let mut required = self.rules.lock().table.required();

        while let Some(asked) = required {
            let facts = DeviceFacts::new(tracked, asked)?;
            let rules = self.rules.lock();

            // A rule that was added meanwhile can ask for more.
            required = rules.table.required();
            if required == Some(asked) {
                return Ok(Some((facts, rules)));
            }
        }
        Ok(None)
    }

    /// Gives devices that were there before their bus was tracked to the drivers that their rules
    /// name.
    ///
    /// Devices that are bound stay so.
    pub(super) fn bind_pending(&self, bus: &Arc<TrackedBus>) {
        self.devices.for_each_of(bus, |tracked| {
            let dev = tracked.device();
            let Ok(Some(driver)) = tracked.rule_driver() else {
                return;
            };

            if !device::is_bound(dev) && &driver[..] != DriverName::NONE {
                // A driver that isn't loaded yet finds the device when it is.
                let ret = device::find_driver(dev, |drv| {
                    (drv.name() == &driver[..] && bus::matches(dev, drv) == Ok(true))
                        .then(|| drv.attach(dev))
                });

                // The driver core does not try again what it was asked for this way, and does not tell
                // of a probe that waits for another device.
                if let Some(Err(EAGAIN)) = ret {
                    self.find_out_why(tracked);
                }
            }
        });
    }

    /// Moves a device that was bound to another driver than the one that its rule names.
    ///
    /// That can be: a driver that is registered while the device is added may have matched before the
    /// rule was applied, and an asynchronous probe does not match again. The device lock is held.
    pub(super) fn make_good(&self, tracked: &Arc<TrackedDevice>) {
        let dev = tracked.device();
        let late = {
            let state = tracked.state.lock();

            match &state.source {
                Some(source) if source.is_current(dev) && !tracked.marks.is_locked() => {
                    source.try_clone()
                }
                _ => return,
            }
        };
        let ret = late.and_then(|source| {
            if device::with_driver_name(dev, |name| name == Some(&source.driver[..])) {
                return Ok(());
            }
            let target = Target::try_from(&source.driver[..])?;

            dev_info!(dev, "bound before its rule was applied; it moves now\n");
            self.transactions.rebind_detached(tracked, target, source)
        });

        if let Err(err) = ret {
            dev_err!(dev, "its rule came too late: error {}\n", err.to_errno());
        }
    }

    /// Makes a rule act on devices that are there already, by rebind.
    ///
    /// A device whose override a user set keeps it, and its driver.
    ///
    /// # Errors
    ///
    /// The error of the first rebind that failed; all are tried, unless a fatal signal ends it (`EINTR`).
    pub(crate) fn apply(&self, id: RuleId) -> Result {
        let mut ret = Ok(());

        self.devices.for_each(|tracked| {
            // Who is being killed begins nothing anymore.
            if ret == Err(EINTR) {
                return;
            }
            match self.apply_to(tracked, id) {
                Err(EINTR) => ret = Err(EINTR),
                Err(err) => ret = ret.and(Err(err)),
                Ok(()) => {}
            }
        });
        ret
    }

    fn apply_to(&self, tracked: &Arc<TrackedDevice>, id: RuleId) -> Result {
        let Some((facts, rules)) = self.facts_and_rules(tracked)? else {
            return Ok(());
        };
        let (spec, source) = match rules.table.find(&facts) {
            Some(rule) if rule.id == id => (rule.spec.clone(), source_of(rule, &facts)?),
            _ => return Ok(()),
        };
        drop(rules);

        if tracked.is_set_by_user() {
            return Ok(());
        }
        if &source.driver[..] == driver_word::STANDARD {
            // What no rule moved has the driver that the kernel chose.
            if tracked.rule_driver()?.is_none() {
                return Ok(());
            }
            self.transactions.rebind(tracked, Target::Standard)?;
        } else {
            let target = Target::try_from(&source.driver[..])?;

            self.transactions.rebind_by_rule(tracked, target, source)?;
        }
        // Meanwhile another rule may win, which has done nothing.
        if let Some(rule) = self.rules.lock().table.get_mut(&spec, id) {
            rule.hits = rule.hits.saturating_add(1);
        }
        Ok(())
    }
}

/// Says which rules were made for another device in the same place.
fn log_near_misses(table: &Table, facts: &DeviceFacts<'_>, dev: &Device) {
    table.for_each_near_miss(facts, |rule, mismatch| {
        let field = match mismatch {
            Mismatch::Field(field) => field.key(),
            Mismatch::Bridge => "device",
        };

        dev_notice!(
            dev,
            "rule {} does not act: its {} is another device's\n",
            BStr::from_bytes(rule.spec.name()),
            field
        );
    });
}

/// Returns what `rule` sets for the device that `facts` are about.
fn source_of(rule: &Rule, facts: &DeviceFacts<'_>) -> Result<OverrideSource> {
    let mut name = KVec::new();
    let mut driver = KVec::new();

    name.extend_from_slice(rule.spec.name(), GFP_KERNEL)?;
    match rule.spec.driver() {
        // The table asked for it: see `Policy::facts_and_rules`.
        driver_word::GROUP => {
            driver.extend_from_slice(facts.group_driver.as_deref().ok_or(EAGAIN)?, GFP_KERNEL)?
        }
        name => driver.extend_from_slice(name, GFP_KERNEL)?,
    }
    Ok(OverrideSource {
        rule: rule.id,
        origin: rule.origin,
        name,
        driver,
        token: Token::NONE,
        reported: false,
        deferral_reported: false,
    })
}
