// SPDX-License-Identifier: GPL-2.0

//! The ioctls that every VFIO device driver answers, as typed methods.
//!
//! The structures in user memory may be longer than what this kernel knows, and say so in their
//! first field: as in C, the known part is read and written back.
//!
//! C header: [`include/uapi/linux/vfio.h`](srctree/include/uapi/linux/vfio.h)

use super::{
    Device,
    DeviceFlags,
    IrqFlags,
    Opened,
    Operations, //
};
use crate::bindings;
use kernel::{
    error::to_result,
    ioctl::_IO,
    prelude::*,
    transmute::FromBytes,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

const fn request(nr: u32) -> u32 {
    _IO(bindings::VFIO_TYPE as u32, bindings::VFIO_BASE + nr)
}

const GET_INFO: u32 = request(7);
const GET_IRQ_INFO: u32 = request(9);
const SET_IRQS: u32 = request(10);
/// `VFIO_DEVICE_RESET`
pub(super) const RESET: u32 = request(11);

const ACTION_MASK: u32 = bindings::VFIO_IRQ_SET_ACTION_MASK
    | bindings::VFIO_IRQ_SET_ACTION_UNMASK
    | bindings::VFIO_IRQ_SET_ACTION_TRIGGER;
const DATA_MASK: u32 = bindings::VFIO_IRQ_SET_DATA_NONE
    | bindings::VFIO_IRQ_SET_DATA_BOOL
    | bindings::VFIO_IRQ_SET_DATA_EVENTFD;

/// The answer to `VFIO_DEVICE_GET_INFO`.
pub(crate) struct DeviceInfo {
    pub(crate) flags: DeviceFlags,
    pub(crate) num_regions: u32,
    pub(crate) num_irqs: u32,
}

/// The answer to `VFIO_DEVICE_GET_IRQ_INFO`.
pub(crate) struct IrqInfo {
    pub(crate) flags: IrqFlags,
    /// The number of interrupts of this index.
    pub(crate) count: u32,
}

/// An action of `VFIO_DEVICE_SET_IRQS`.
pub(crate) enum IrqAction {
    Mask,
    Unmask,
    Trigger,
}

/// The data of `VFIO_DEVICE_SET_IRQS`, one for each interrupt.
pub(crate) enum IrqData {
    /// Do it now.
    None,
    /// Do it now where the byte is not zero.
    Bool(KVec<u8>),
    /// Do it whenever the eventfd is signalled; -1 undoes that.
    EventFd(KVec<i32>),
}

/// A request by `VFIO_DEVICE_SET_IRQS`.
pub(crate) struct IrqSet {
    pub(crate) index: u32,
    /// The first of the interrupts, and how many. Both are within the device's number of indices.
    pub(crate) start: u32,
    pub(crate) count: u32,
    /// None if the user asks for no action or for several.
    pub(crate) action: Option<IrqAction>,
    pub(crate) data: IrqData,
}

/// A driver's answers to the ioctls.
pub(crate) trait Ioctls: Operations {
    /// Describes the device.
    fn device_info(device: &Device<Self, Opened>) -> DeviceInfo;

    /// Describes the interrupts of an index.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no such index.
    fn irq_info(device: &Device<Self, Opened>, index: u32) -> Result<IrqInfo>;

    /// Changes interrupts. The index exists.
    fn set_irqs(device: &Device<Self, Opened>, set: &IrqSet) -> Result;

    /// Resets the device.
    fn reset(device: &Device<Self, Opened>) -> Result;

    /// Answers an ioctl; to be called by [`Operations::ioctl`].
    ///
    /// # Errors
    ///
    /// `ENOTTY` if it is none of these, `EFAULT`, `EINVAL` if the user's structure is too short or
    /// inconsistent, and those of the methods above.
    fn answer(device: &Device<Self, Opened>, cmd: u32, arg: usize) -> Result<usize> {
        let arg = UserPtr::from_addr(arg);

        match cmd {
            GET_INFO => {
                let [argsz, ..] = read::<4>(arg)?;
                let info = Self::device_info(device);

                write(
                    arg,
                    [argsz, info.flags.into(), info.num_regions, info.num_irqs],
                )?;
            }
            GET_IRQ_INFO => {
                let [argsz, _, index, _] = read::<4>(arg)?;
                let info = Self::irq_info(device, index)?;

                write(arg, [argsz, info.flags.into(), index, info.count])?;
            }
            SET_IRQS => set_irqs(device, arg)?,
            RESET => Self::reset(device)?,
            _ => return Err(ENOTTY),
        }

        Ok(0)
    }
}

/// Reads the `N` words that a structure begins with; the first is its size.
fn read<const N: usize>(arg: UserPtr) -> Result<[u32; N]> {
    let words: [u32; N] = UserSlice::new(arg, size_of::<[u32; N]>()).reader().read()?;

    if usize::try_from(words[0])? < size_of::<[u32; N]>() {
        return Err(EINVAL);
    }

    Ok(words)
}

fn write<const N: usize>(arg: UserPtr, words: [u32; N]) -> Result {
    UserSlice::new(arg, size_of::<[u32; N]>())
        .writer()
        .write(&words)
}

// Beside these words, it has data of no fixed length.
const _: () = assert!(size_of::<bindings::vfio_irq_set>() == size_of::<[u32; 5]>());

fn set_irqs<T: Ioctls>(device: &Device<T, Opened>, arg: UserPtr) -> Result {
    let mut header = read::<5>(arg)?;
    let num_irqs = i32::try_from(T::device_info(device).num_irqs)?;
    let mut size = 0;

    // SAFETY: Both pointers can be written for the duration of the call. Five words are what
    // `struct vfio_irq_set` consists of, before the data, which the function does not touch.
    let ret = unsafe {
        bindings::vfio_set_irqs_validate_and_prepare(
            (&raw mut header).cast(),
            num_irqs,
            num_irqs,
            &mut size,
        )
    };
    if ret < 0 {
        return to_result(ret);
    }

    let [_, flags, index, start, count] = header;
    let data = UserSlice::new(arg.wrapping_byte_add(size_of::<[u32; 5]>()), size);

    T::set_irqs(
        device,
        &IrqSet {
            index,
            start,
            count,
            action: match flags & ACTION_MASK {
                bindings::VFIO_IRQ_SET_ACTION_MASK => Some(IrqAction::Mask),
                bindings::VFIO_IRQ_SET_ACTION_UNMASK => Some(IrqAction::Unmask),
                bindings::VFIO_IRQ_SET_ACTION_TRIGGER => Some(IrqAction::Trigger),
                _ => None,
            },
            // Exactly one of the flags is set: that was checked above.
            data: match flags & DATA_MASK {
                bindings::VFIO_IRQ_SET_DATA_BOOL => IrqData::Bool(read_all(data)?),
                bindings::VFIO_IRQ_SET_DATA_EVENTFD => IrqData::EventFd(read_all(data)?),
                _ => IrqData::None,
            },
        },
    )
}

/// Reads as many values as there are.
fn read_all<V: FromBytes>(data: UserSlice) -> Result<KVec<V>> {
    let mut reader = data.reader();
    let mut values = KVec::new();

    while !reader.is_empty() {
        values.push(reader.read()?, GFP_KERNEL_ACCOUNT)?;
    }

    Ok(values)
}
