// SPDX-License-Identifier: GPL-2.0

//! Loans: devices that have another driver only as long as somebody holds a file open.

use super::{Target, kernel, ready, would_lose};
use crate::{
    device::Device,
    failure::{Exit, Failure, Result},
    modules,
    system::System,
    transaction::{Session, Verb},
    users::Users,
};

/// Devices that are lent. They are given back when the file, and every copy of it that another process has, is closed.
#[derive(Debug)]
pub struct Loan {
    session: Session,
}

impl Loan {
    /// Opens the module's file.
    pub fn open(system: &System) -> Result<Self> {
        if !modules::is_overdrive_loaded(system) {
            return Err(Failure::new(
                Exit::NoModule,
                "the module overdrive is not loaded: modprobe overdrive",
            ));
        }
        let session = Session::open_for(system, Verb::Lend).ok_or_else(|| {
            Failure::new(
                Exit::NoModule,
                "the module overdrive that is loaded can't lend devices, or /dev/overdrive can't be opened: load the one of this version, as root",
            )
        })?;
        Ok(Self { session })
    }

    /// Borrows devices for a driver: all, or none.
    pub fn take(
        &mut self,
        system: &System,
        devices: &[Device],
        target: &Target,
        force: bool,
    ) -> Result {
        if !force {
            let users = Users::new(system);
            users.refuse(devices.iter().filter(|device| would_lose(device, target)))?;
        }
        let target = ready(system, devices, target)?;
        self.session
            .run(Verb::Lend, target.word(), devices, false)
            .map_err(|refusal| kernel::failure(system, devices, &target, &refusal))
    }

    /// Returns the file, for a process that is to have the loan.
    pub fn into_file(self) -> std::fs::File {
        self.session.into_file()
    }
}
