// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/config/overdrive-rules/R/`: the rules.
//!
//! See `Documentation/ABI/testing/configfs-overdrive-rules`.

#[allow(unused_imports, reason = "the macros of some series take it from here")]
use crate::abstractions::compat::THIS_MODULE;
use crate::{
    abstractions::device_attr::emit,
    policy::{
        rules::{
            builder::{
                Field,
                RuleBuilder, //
            },
            Origin,
            RuleId, //
        },
        ActiveRule,
        Policy, //
    },
};
use kernel::{
    configfs::{
        self,
        configfs_attrs, //
    },
    fmt,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::{
        new_mutex,
        Mutex, //
    }, //
};

/// The directory of all rules.
// On 7.2, `configfs` reads data of a root directory at a wrong address. This has none.
pub(crate) struct Rules {}

impl Rules {
    /// Registers the directory.
    pub(crate) fn register() -> impl PinInit<configfs::Subsystem<Self>, Error> {
        let item_type = configfs_attrs! {
            container: configfs::Subsystem<Rules>,
            data: Rules,
            child: Rule,
            attributes: [],
        };

        configfs::Subsystem::new(c"overdrive-rules", item_type, try_init!(Self {}))
    }
}

#[vtable]
impl configfs::GroupOperations for Rules {
    type Child = Rule;

    fn make_group(&self, name: &CStr) -> Result<impl PinInit<configfs::Group<Rule>, Error>> {
        let item_type = configfs_attrs! {
            container: configfs::Group<Rule>,
            data: Rule,
            attributes: [
                bus: 0,
                device: 1,
                parent: 2,
                modalias: 3,
                driver: 4,
                group_owned: 5,
                enabled: 6,
                hits: 7,
                apply: 8,
            ],
        };
        let policy = Policy::published()?;
        let copy = || CString::try_from_fmt(fmt!("{name}"));

        if name
            .to_bytes()
            .iter()
            .any(|&c| !c.is_ascii_graphic() || c == b':')
        {
            pr_err!("rule {name}: a name has printable characters but ':' only\n");
            return Err(EINVAL);
        }
        Ok(configfs::Group::new(
            copy()?,
            item_type,
            Rule::new(copy()?, policy.new_rule_id()),
        ))
    }
}

/// What is changed while the lock is held.
struct State {
    builder: RuleBuilder,
    /// The rule in the engine's table, while it is enabled.
    enabled: Option<ActiveRule>,
}

/// One rule.
#[pin_data]
pub(crate) struct Rule {
    name: CString,
    id: RuleId,
    /// Held while the rule is put in force, out of it or applied, which can take long.
    #[pin]
    acting: Mutex<()>,
    #[pin]
    state: Mutex<State>,
}

impl Rule {
    fn new(name: CString, id: RuleId) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            name,
            id,
            acting <- new_mutex!((), "overdrive_rule_acting"),
            state <- new_mutex!(
                State {
                    builder: RuleBuilder::default(),
                    enabled: None,
                },
                "overdrive_rule"
            ),
        })
    }

    /// Says in the log why a write to a file of this rule fails.
    fn refuse(&self, file: &str, reason: fmt::Arguments<'_>) {
        pr_err!("rule {}: {}: {}\n", &*self.name, file, reason);
    }

    fn show_field(&self, field: Field, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let state = self.state.lock();

        let ret = emit(
            page,
            fmt!("{}\n", BStr::from_bytes(state.builder.get(field))),
        );

        ret
    }

    fn store_field(&self, field: Field, file: &str, page: &[u8]) -> Result {
        let line = line(page);
        let mut state = self.state.lock();

        if state.enabled.is_some() {
            self.refuse(file, fmt!("the rule is enabled"));
            return Err(EBUSY);
        }
        if let Err(bad) = field.check(line) {
            self.refuse(file, fmt!("bad character at {}", bad.0));
            return Err(EINVAL);
        }
        state.builder.set(field, line)
    }

    fn store_flag(&self, file: &str, page: &[u8]) -> Result<bool> {
        match line(page) {
            b"0" => Ok(false),
            b"1" => Ok(true),
            _ => {
                self.refuse(file, fmt!("0 or 1 expected"));
                Err(EINVAL)
            }
        }
    }

    fn enable(&self) -> Result {
        let policy = Policy::published()?;
        let _acting = self.acting.lock();
        let mut state = self.state.lock();

        if state.enabled.is_some() {
            return Ok(());
        }
        let spec = state
            .builder
            .compile(self.name.to_bytes())
            .inspect_err(|err| self.refuse("enabled", fmt!("{}", err.reason())))?;

        state.enabled = Some(policy.activate(spec, self.id, Origin::Rule)?);
        Ok(())
    }

    fn disable(&self) {
        let _acting = self.acting.lock();
        let active = self.state.lock().enabled.take();

        // Not with the state locked: it goes through all devices.
        drop(active);
    }
}

/// What was written, without the newline.
fn line(page: &[u8]) -> &[u8] {
    page.strip_suffix(b"\n").unwrap_or(page)
}

macro_rules! fields {
    ($($id:literal => $field:ident, $file:literal;)*) => {
        $(
            #[vtable]
            impl configfs::AttributeOperations<$id> for Rule {
                type Data = Rule;

                fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
                    rule.show_field(Field::$field, page)
                }

                fn store(rule: &Rule, page: &[u8]) -> Result {
                    rule.store_field(Field::$field, $file, page)
                }
            }
        )*
    };
}

fields! {
    0 => Bus, "bus";
    1 => Device, "device";
    2 => Parent, "parent";
    3 => Modalias, "modalias";
    4 => Driver, "driver";
}

/// `group_owned`
#[vtable]
impl configfs::AttributeOperations<5> for Rule {
    type Data = Rule;

    fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let owned = rule.state.lock().builder.group_owned;

        emit(page, fmt!("{}\n", u8::from(owned)))
    }

    fn store(rule: &Rule, page: &[u8]) -> Result {
        let owned = rule.store_flag("group_owned", page)?;
        let mut state = rule.state.lock();

        if state.enabled.is_some() {
            rule.refuse("group_owned", fmt!("the rule is enabled"));
            return Err(EBUSY);
        }
        state.builder.group_owned = owned;
        Ok(())
    }
}

/// `enabled`
#[vtable]
impl configfs::AttributeOperations<6> for Rule {
    type Data = Rule;

    fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let enabled = rule.state.lock().enabled.is_some();

        emit(page, fmt!("{}\n", u8::from(enabled)))
    }

    fn store(rule: &Rule, page: &[u8]) -> Result {
        if rule.store_flag("enabled", page)? {
            rule.enable()
        } else {
            rule.disable();
            Ok(())
        }
    }
}

/// `hits`
#[vtable]
impl configfs::AttributeOperations<7> for Rule {
    type Data = Rule;

    fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let hits = rule.state.lock().enabled.as_ref().map_or(0, |it| it.hits());

        emit(page, fmt!("{hits}\n"))
    }
}

/// `apply`
#[vtable]
impl configfs::AttributeOperations<8> for Rule {
    type Data = Rule;

    fn show(_rule: &Rule, _page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        Err(EACCES)
    }

    fn store(rule: &Rule, page: &[u8]) -> Result {
        if !rule.store_flag("apply", page)? {
            return Ok(());
        }
        let _acting = rule.acting.lock();

        if rule.state.lock().enabled.is_none() {
            rule.refuse("apply", fmt!("the rule is not enabled"));
            return Err(EINVAL);
        }
        Policy::published()?.apply(rule.id)
    }
}
