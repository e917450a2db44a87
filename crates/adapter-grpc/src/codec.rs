//! Messages on the wire: protocol buffers, by buffers of the size that messages here have.

use prost::Message;
use std::marker::PhantomData;
use tonic::codec::{BufferSettings, Codec};
use tonic_prost::ProstCodec;

/// What is set aside for a message at first: an order of two lines fits. The library's own 8 KiB cost more
/// than everything that is done with them.
const BUFFER_BYTES: usize = 1 << 10;
/// When a stream hands over what it has encoded so far.
const YIELD_BYTES: usize = 32 << 10;

/// The codec of a method that takes `In` and answers `Out`.
pub(crate) struct Protobuf<In, Out>(PhantomData<(In, Out)>);

impl<In, Out> Protobuf<In, Out> {
    pub(crate) const fn new() -> Protobuf<In, Out> {
        Protobuf(PhantomData)
    }
}

impl<In, Out> Codec for Protobuf<In, Out>
where
    In: Message + Default + Send + 'static,
    Out: Message + Send + 'static,
{
    type Encode = Out;
    type Decode = In;
    type Encoder = <ProstCodec<Out, In> as Codec>::Encoder;
    type Decoder = <ProstCodec<Out, In> as Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<Out, In>::raw_encoder(BufferSettings::new(BUFFER_BYTES, YIELD_BYTES))
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<Out, In>::raw_decoder(BufferSettings::new(BUFFER_BYTES, YIELD_BYTES))
    }
}
