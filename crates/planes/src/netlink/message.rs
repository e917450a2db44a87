//! The form of netlink messages: a header of 16 bytes, a fixed body, attributes; each on a multiple of 4.

use std::io;

/// `struct nlmsghdr`.
pub(super) const HEADER_BYTES: usize = 16;
/// `struct nlattr`: length and type.
const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// `NLMSG_ERROR`.
pub(super) const ERROR: u16 = 2;
/// `NLMSG_DONE`, the end of a dump.
pub(super) const DONE: u16 = 3;
/// The type's bits without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
const ATTRIBUTE_TYPE: u16 = 0x3fff;

/// A question with its header.
pub(super) fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = HEADER_BYTES + body.len();
    let mut message = Vec::with_capacity(length);
    // Questions are some tens of bytes.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_ne_bytes());
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    message.extend_from_slice(&sequence.to_ne_bytes());
    message.extend_from_slice(&0_u32.to_ne_bytes());
    message.extend_from_slice(body);
    message
}

/// One message of the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(crate) body: Fields<'a>,
}

impl<'a> Message<'a> {
    /// What follows a fixed body of so many bytes.
    pub(crate) fn attributes(&self, fixed_bytes: usize) -> Attributes<'a> {
        Attributes(self.body.0.get(fixed_bytes..).unwrap_or_default())
    }

    /// What an error's message says; number 0 is an acknowledgement.
    pub(super) fn error(&self) -> io::Result<()> {
        match self.body.u32(0) {
            None | Some(0) => Ok(()),
            // The number is negated.
            Some(number) => Err(io::Error::from_raw_os_error(
                number.cast_signed().saturating_neg(),
            )),
        }
    }
}

/// The messages of one reading.
#[derive(Debug)]
pub(crate) struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Messages<'a> {
        Messages(bytes)
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let fields = Fields(self.0);
        let length = usize::try_from(fields.u32(0)?).ok()?;
        let message = Message {
            kind: fields.u16(4)?,
            flags: fields.u16(6)?,
            sequence: fields.u32(8)?,
            body: Fields(self.0.get(HEADER_BYTES..length)?),
        };
        self.0 = self.0.get(aligned(length)..).unwrap_or_default();
        Some(message)
    }
}

/// Attributes: type and value.
#[derive(Debug)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, Fields<'a>);

    fn next(&mut self) -> Option<(u16, Fields<'a>)> {
        let fields = Fields(self.0);
        let length = usize::from(fields.u16(0)?);
        let kind = fields.u16(2)? & ATTRIBUTE_TYPE;
        let value = Fields(self.0.get(ATTRIBUTE_HEADER_BYTES..length)?);
        self.0 = self.0.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// Bytes with numbers at known places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The attributes that it is made of, where it is nested.
    pub(crate) fn attributes(self) -> Attributes<'a> {
        Attributes(self.0)
    }
}

impl Fields<'_> {
    pub(crate) fn u8(&self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_ne_bytes)
    }

    /// In the network's byte order, as ports are.
    pub(crate) fn u16_of_network(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_ne_bytes)
    }

    /// So many bytes.
    pub(crate) fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    /// A text that ends with a zero byte or with the value.
    pub(crate) fn text(&self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.0.get(..end.unwrap_or(self.0.len()));
        String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
    }
}

/// The next multiple of four.
fn aligned(length: usize) -> usize {
    length.div_ceil(4).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(ATTRIBUTE_HEADER_BYTES + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let mut body = vec![7, 0, 0, 0];
        body.extend(attribute(3, b"net1\0"));
        body.extend(attribute(0x8004, &1500_u32.to_ne_bytes()));
        let mut bytes = request(16, 2, 9, &body);
        bytes.extend(request(DONE, 0, 9, &[]));
        let messages: Vec<_> = Messages::of(&bytes).collect();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].kind, messages[0].sequence), (16, 9));
        assert_eq!(messages[0].body.u8(0), Some(7));
        let read: Vec<_> = messages[0].attributes(4).collect();
        assert_eq!((read[0].0, read[0].1.text().as_str()), (3, "net1"));
        assert_eq!((read[1].0, read[1].1.u32(0)), (4, Some(1500)));
        assert_eq!(messages[1].kind, DONE);
    }

    /// Every length that a message can be cut to, and lengths that lie.
    #[test]
    fn what_is_cut_or_lies_ends_the_reading() {
        let mut body = vec![0; 4];
        body.extend(attribute(3, b"net1\0"));
        let whole = request(16, 0, 1, &body);
        for length in 0..whole.len() {
            let read = Messages::of(&whole[..length]).count();
            assert_eq!(read, 0, "{length}");
        }
        for lie in [0_u32, 1, 15, u32::MAX] {
            let mut bytes = whole.clone();
            bytes[..4].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(Messages::of(&bytes).count(), 0, "{lie}");
        }
        for lie in [0_u16, 3, 200, u16::MAX] {
            let mut bytes = whole.clone();
            bytes[20..22].copy_from_slice(&lie.to_ne_bytes());
            let message = Messages::of(&bytes).next().unwrap();
            assert_eq!(message.attributes(4).count(), 0, "{lie}");
            assert_eq!(message.attributes(4_000).count(), 0);
        }
    }

    #[test]
    fn an_error_is_the_kernels_number() {
        let refused = (-1_i32).to_ne_bytes();
        let bytes = request(ERROR, 0, 1, &refused);
        let message = Messages::of(&bytes).next().unwrap();
        let error = message.error().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(1));
        let bytes = request(ERROR, 0, 1, &[0; 4]);
        Messages::of(&bytes).next().unwrap().error().unwrap();
    }
}
