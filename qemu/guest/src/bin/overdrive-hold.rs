// SPDX-License-Identifier: GPL-2.0

//! Uses a PCI device through VFIO until its standard input ends, as a virtual machine does.
//!
//! `overdrive-hold ADDRESS [cdev]` prints `open` when it has the device, and `asked` when it is asked to
//! give the device up, which it does not. With `cdev`, it comes by the device's own node and an iommufd.

use std::{
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    thread,
};

use anyhow::{Context, Result};
use iommufd_ioctls::IommuFd;
use vfio_bindings::bindings::vfio::VFIO_PCI_REQ_IRQ_INDEX;
use vfio_ioctls::{VfioContainer, VfioDevice, VfioIommufd, VfioOps};
use vmm_sys_util::eventfd::EventFd;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("which device?")?;
    let path = PathBuf::from(format!("/sys/bus/pci/devices/{address}"));
    let container: Arc<dyn VfioOps> = if std::env::args().nth(2).as_deref() == Some("cdev") {
        let iommufd = Arc::new(IommuFd::new().context("no iommufd")?);
        Arc::new(VfioIommufd::new(iommufd, None, None).context("no address space")?)
    } else {
        Arc::new(VfioContainer::new(None).context("no container")?)
    };
    let device = VfioDevice::new(&path, container).context("cannot open the device")?;
    let request = EventFd::new(libc::EFD_CLOEXEC)?;

    device
        .enable_irq(VFIO_PCI_REQ_IRQ_INDEX, vec![&request])
        .context("the driver does not ask")?;
    println!("open");

    // It ends with the program.
    thread::spawn(move || {
        while request.read().is_ok() {
            println!("asked");
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
