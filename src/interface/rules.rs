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
            builder::RuleBuilder,
            field::{
                rule_fields,
                Field, //
            },
            param,
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

/// The files of a rule: its fields by their numbers, and what is done with it.
macro_rules! item_type {
    ($(
        $(#[doc = $doc:literal])*
        $number:literal $key:ident $field:ident $comparison:ident($canonical:path)
            |$device:ident| $has:expr;
    )*) => {
        configfs_attrs! {
            container: configfs::Group<Rule>,
            data: Rule,
            attributes: [
                $($key: $number,)*
                enabled: 100,
                hits: 101,
                apply: 102,
            ],
        }
    };
}

#[vtable]
impl configfs::GroupOperations for Rules {
    type Child = Rule;

    fn make_group(&self, name: &CStr) -> Result<impl PinInit<configfs::Group<Rule>, Error>> {
        let item_type = rule_fields!(item_type);
        let policy = Policy::published()?;
        let copy = || CString::try_from_fmt(fmt!("{name}"));

        if !name.to_bytes().iter().all(|&c| param::is_name_char(c)) {
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

/// The state that is changed while the lock is held.
struct State {
    builder: RuleBuilder,
    /// The rule in the policy's table, while it is enabled.
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
            fmt!("{}\n", BStr::from_bytes(state.builder.shown(field))),
        );

        ret
    }

    fn store_field(&self, field: Field, page: &[u8]) -> Result {
        let mut state = self.state.lock();

        if state.enabled.is_some() {
            self.refuse(field.key(), fmt!("the rule is enabled"));
            return Err(EBUSY);
        }
        Ok(state
            .builder
            .set(field, line(page))
            .inspect_err(|bad| self.refuse(field.key(), fmt!("at {}: {}", bad.at, bad.reason)))?)
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

        let rule = policy.activate(spec, self.id, Origin::Rule)?;

        rule.warn_of_bus();
        state.enabled = Some(rule);
        Ok(())
    }

    fn disable(&self) {
        let _acting = self.acting.lock();
        let active = self.state.lock().enabled.take();

        // Not with the state locked: it goes through all devices.
        drop(active);
    }
}

/// Returns what was written, without the newline.
fn line(page: &[u8]) -> &[u8] {
    page.strip_suffix(b"\n").unwrap_or(page)
}

macro_rules! files {
    ($(
        $(#[doc = $doc:literal])*
        $number:literal $key:ident $field:ident $comparison:ident($canonical:path)
            |$device:ident| $has:expr;
    )*) => {
        $(
            $(#[doc = $doc])*
            #[vtable]
            impl configfs::AttributeOperations<$number> for Rule {
                type Data = Rule;

                fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
                    rule.show_field(Field::$field, page)
                }

                fn store(rule: &Rule, page: &[u8]) -> Result {
                    rule.store_field(Field::$field, page)
                }
            }
        )*
    };
}

rule_fields!(files);

/// `enabled`
#[vtable]
impl configfs::AttributeOperations<100> for Rule {
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
impl configfs::AttributeOperations<101> for Rule {
    type Data = Rule;

    fn show(rule: &Rule, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let hits = rule.state.lock().enabled.as_ref().map_or(0, |it| it.hits());

        emit(page, fmt!("{hits}\n"))
    }
}

/// `apply`
#[vtable]
impl configfs::AttributeOperations<102> for Rule {
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
