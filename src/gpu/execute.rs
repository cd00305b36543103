//! Execution: one packet at a time, on descriptions.

use super::bus::{Bus, Extent, PieceReader, repeated_writes};
use super::device::GpuChange;
use super::{
    BadPacket, BadRecord, Executed, Fault, Gpu, Packet, PacketFormat, PageEntry, Place, ReadBack,
    Record, RecordBody, RecordSide, RecordTransfer, RegionId, Step, Submission,
};
use crate::base::{PAGE_SIZE, Pages, PhysicalAddress, Piece, Traffic};
use crate::memory::{ByteChange, Content, HostMemory, SeenBytes, bytes};

/// Bytes that [`Packet::AddBytes`] adds to at most: each is worked out for itself.
const MOST_ADDED: u32 = 1 << 20;

/// What executing a packet came to.
#[derive(Default)]
struct Done {
    bytes: u64,
    traffic: Traffic,
    read_back: Option<ReadBack>,
}

impl Gpu {
    /// Executes the next packet of the oldest submission.
    ///
    /// An empty submission takes one step, which writes its fence. A packet that faults changes
    /// nothing and ends its submission; one that waits changes nothing and is tried again by the
    /// next step.
    pub fn execute_packet(&mut self, host: &mut HostMemory) -> Step {
        let Some(submission) = self.journal.state().queue.front().copied() else {
            return Step::Idle;
        };
        let start = submission.next;
        let left = submission.end.saturating_sub(start);
        let size = submission.format.packet_size().min(left);
        let end = start.saturating_add(size);
        let result = if left == 0 {
            Ok(Some(Done::default()))
        } else {
            self.execute_next(submission, left, host)
        };
        let (Done { bytes, traffic, read_back }, fault) = match result {
            Ok(None) => return Step::Waiting(submission.fence),
            Ok(Some(done)) => (done, None),
            Err(fault) => (Done::default(), Some(fault)),
        };
        let completed = fault.is_some() || end >= submission.end;
        if completed {
            let fence_before = self.completed_fence();
            self.journal.apply(GpuChange::Retired { submission, fence_before });
        } else {
            self.journal.apply(GpuChange::Advanced { from: start, to: end });
        }
        let fence = submission.fence;
        Step::Executed(Executed { fence, start, end, bytes, traffic, read_back, fault, completed })
    }

    /// Answers what moved, and what a read found; `None` while the packet waits.
    fn execute_next(
        &mut self,
        submission: Submission,
        left: u32,
        host: &mut HostMemory,
    ) -> Result<Option<Done>, Fault> {
        match submission.format {
            PacketFormat::Native => {
                let packet = self.next_packet(submission, left, host)?;
                if self.must_wait(packet, host)? {
                    return Ok(None);
                }
                let traffic = self.traffic(packet);
                let read_back = self.execute(packet, host)?;
                Ok(Some(Done { bytes: packet.moved_bytes(), traffic, read_back }))
            }
            PacketFormat::Record { size } if left < size || left < Record::MIN_SIZE => {
                Err(BadRecord::Short { needed: size.max(Record::MIN_SIZE), left }.into())
            }
            PacketFormat::Record { .. } => {
                // What follows in a longer record means nothing here.
                let mut bytes = [0; 304];
                self.fetch(submission, &mut bytes, host)?;
                let record = Record::decode(&bytes)?;
                self.execute_record(record, host)?;
                let traffic = self.record_traffic(record);
                Ok(Some(Done { bytes: record.moved_bytes(), traffic, read_back: None }))
            }
        }
    }

    /// Fetches and decodes the native packet that is next, with `left` bytes of its submission left.
    fn next_packet(
        &self,
        submission: Submission,
        left: u32,
        host: &HostMemory,
    ) -> Result<Packet, Fault> {
        if left < Packet::SIZE {
            return Err(BadPacket::Short(left).into());
        }
        let mut bytes = [0; 32];
        self.fetch(submission, &mut bytes, host)?;
        Ok(Packet::decode(&bytes)?)
    }

    /// Whether a packet waits for a value that is not there yet.
    fn must_wait(&self, packet: Packet, host: &HostMemory) -> Result<bool, Fault> {
        let Packet::Wait { destination, value, .. } = packet else { return Ok(false) };
        let mut bytes = [0; 8];
        self.read(destination, &mut bytes, host)?;
        Ok(u64::from_le_bytes(bytes) < value)
    }

    /// Whether the next step of a submission would wait.
    pub(super) fn is_waiting(&self, submission: Submission, host: &HostMemory) -> bool {
        let left = submission.end.saturating_sub(submission.next);
        submission.format == PacketFormat::Native
            && self
                .next_packet(submission, left, host)
                .and_then(|packet| self.must_wait(packet, host))
                .is_ok_and(|waits| waits)
    }

    /// Whether a region is memory of the device's own; what it reaches elsewhere is the host's.
    fn is_local(&self, region: RegionId) -> bool {
        self.memory(region).is_some()
    }

    /// What a packet moves, and which way.
    fn traffic(&self, packet: Packet) -> Traffic {
        let bytes = packet.moved_bytes();
        let side = |place: Place| Some(self.is_local(place.region));
        match packet {
            Packet::Pad => Traffic::default(),
            Packet::MapPages { pages, .. }
            | Packet::UnmapPages { pages, .. }
            | Packet::ClearPages { pages, .. } => Traffic::of_pages(pages.into()),
            Packet::Fill { destination, .. }
            | Packet::Write { destination, .. }
            | Packet::WritePart { destination, .. }
            | Packet::WriteWord { destination }
            | Packet::Signal { destination, .. } => {
                Traffic::of_bytes(None, side(destination), bytes)
            }
            Packet::Read { source: place, .. }
            | Packet::ReadWord { source: place }
            | Packet::Wait { destination: place, .. } => {
                Traffic::of_bytes(side(place), None, bytes)
            }
            Packet::AddBytes { destination, .. } => {
                Traffic::of_bytes(side(destination), side(destination), bytes)
            }
            Packet::CopyPages { source, destination, .. }
            | Packet::CopyRows { source, destination, .. }
            | Packet::CopyBytes { source, destination, .. } => {
                Traffic::of_bytes(side(source), side(destination), bytes)
            }
        }
    }

    /// What a record moves, and which way.
    fn record_traffic(&self, record: Record) -> Traffic {
        let bytes = record.moved_bytes();
        let side = |side: RecordSide| Some(self.is_local(side.region));
        match record.body {
            RecordBody::Transfer(transfer) | RecordBody::SpecialLockTransfer { transfer, .. } => {
                Traffic::of_bytes(side(transfer.source), side(transfer.destination), bytes)
            }
            RecordBody::Fill { destination, .. } => {
                Traffic::of_bytes(None, side(destination), bytes)
            }
            RecordBody::ReadPhysical(at) | RecordBody::WritePhysical(at) => {
                Traffic::of_bytes(side(at), None, bytes)
            }
            RecordBody::Other(_) => Traffic::default(),
        }
    }

    /// Reads what is executed next, through the aperture where the buffer lies in one.
    fn fetch(
        &self,
        submission: Submission,
        out: &mut [u8],
        host: &HostMemory,
    ) -> Result<(), Fault> {
        let Place { region, address } = submission.buffer;
        let length = out.len() as u64;
        let from = address.checked_add(submission.next.into());
        let address = from.ok_or(Fault::OutOfRange { region, address, length })?;
        let bus = Bus { regions: self.regions(), host };
        let extents = bus.resolve(Place { region, address }, length)?;
        if let [Extent::Bytes { region: RegionId::SYSTEM, start, coherent: false, .. }] =
            extents[..]
        {
            // From system memory in one stretch, as nearly always.
            let refused = Fault::OutOfRange { region: RegionId::SYSTEM, address: start, length };
            return host.device_read(PhysicalAddress(start), out).map_err(|_| refused);
        }
        let mut at = address;
        for extent in &extents {
            match extent {
                Extent::Bytes { len, .. } => at = at.saturating_add(*len),
                Extent::Repeated { .. } => {
                    return Err(Fault::FetchedFixedPage { region, page: at / PAGE_SIZE });
                }
            }
        }
        out.copy_from_slice(&bytes::read_pieces(&bus.read(&extents)?, out.len()));
        Ok(())
    }

    fn execute(
        &mut self,
        packet: Packet,
        host: &mut HostMemory,
    ) -> Result<Option<ReadBack>, Fault> {
        match packet {
            // Whoever executes a wait found that it passes.
            Packet::Pad | Packet::Wait { .. } => {}
            Packet::Signal { destination, value, .. } => {
                let content = Content::explicit(&value.to_le_bytes());
                self.put(destination, Packet::FENCE, content, host)?;
            }
            Packet::AddBytes { destination, length, addend, phase, .. } => {
                self.add(destination, length, (addend, phase), host)?;
            }
            Packet::CopyRows {
                source,
                source_pitch,
                destination,
                destination_pitch,
                row_bytes,
                rows,
            } => {
                let bus = Bus { regions: self.regions(), host };
                let from = bus.resolve_rows(source, source_pitch, row_bytes, rows)?;
                let to = bus.resolve_rows(destination, destination_pitch, row_bytes, rows)?;
                let pieces = bus.read(&from)?;
                self.write(&to, &pieces, host)?;
            }
            Packet::Fill { destination, length, pattern, .. } => {
                self.put(destination, length, Content::pattern(pattern, 0), host)?;
            }
            Packet::Write { destination, length, seed, .. } => {
                self.put(destination, length, Content::seeded(seed, 0), host)?;
            }
            Packet::Read { source, length, slot, .. } => {
                let bytes = SeenBytes::new(self.pieces(source, length, host)?);
                return Ok(Some(ReadBack { slot, bytes }));
            }
            Packet::WritePart { destination, length, seed, phase, .. } => {
                let content = Content::seeded(seed, phase.into());
                self.put(destination, length.into(), content, host)?;
            }
            Packet::CopyPages { source, destination, pages, .. } => {
                // The count has 32 bits, so the product fits.
                self.copy(source, destination, Pages(pages.into()).bytes().get(), host)?;
            }
            Packet::CopyBytes { source, destination, length, .. } => {
                self.copy(source, destination, length, host)?;
            }
            Packet::ReadWord { source: place } | Packet::WriteWord { destination: place } => {
                self.touch(place, host)?;
            }
            Packet::MapPages { destination, frames, coherent, pages, .. } => {
                let first = PhysicalAddress(frames).frame();
                self.point(destination, pages, PageEntry::Frame { first, coherent })?;
            }
            Packet::UnmapPages { destination, frame, pages, .. } => {
                let frame = PhysicalAddress(frame).frame();
                self.point(destination, pages, PageEntry::Fixed { frame })?;
            }
            Packet::ClearPages { destination, pages, .. } => {
                self.point(destination, pages, PageEntry::Unset)?;
            }
        }
        Ok(None)
    }

    fn execute_record(&mut self, record: Record, host: &mut HostMemory) -> Result<(), Fault> {
        match record.body {
            RecordBody::Transfer(transfer) => self.transfer(transfer, transfer.list_offset, host),
            RecordBody::SpecialLockTransfer { transfer, .. } => self.transfer(transfer, 0, host),
            RecordBody::Fill { size, pattern, destination, .. } => {
                let place = Place { region: destination.region, address: destination.address };
                self.put(place, size, Content::pattern(pattern, 0), host)
            }
            RecordBody::ReadPhysical(side) | RecordBody::WritePhysical(side) => {
                self.touch(Place { region: side.region, address: side.address }, host)
            }
            RecordBody::Other(_) => Ok(()),
        }
    }

    /// A side in a region begins `offset` bytes behind its address, a list at an entry.
    fn transfer(
        &mut self,
        transfer: RecordTransfer,
        first_entry: u32,
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        let RecordTransfer { offset, size, source, destination, .. } = transfer;
        let bus = Bus { regions: self.regions(), host };
        let side = |RecordSide { region, address }: RecordSide| {
            if region == RegionId::SYSTEM {
                return bus.resolve_list(address, first_entry.into(), size);
            }
            let refused = Fault::OutOfRange { region, address, length: size };
            let address = address.checked_add(offset.into()).ok_or(refused)?;
            bus.resolve(Place { region, address }, size)
        };
        let (from, to) = (side(source)?, side(destination)?);
        let pieces = bus.read(&from)?;
        self.write(&to, &pieces, host)
    }

    fn copy(
        &mut self,
        source: Place,
        destination: Place,
        length: u64,
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        let bus = Bus { regions: self.regions(), host };
        let from = bus.resolve(source, length)?;
        let to = bus.resolve(destination, length)?;
        let pieces = bus.read(&from)?;
        self.write(&to, &pieces, host)
    }

    /// Adds to each byte of a range a byte of the addend, from the one of that phase on.
    fn add(
        &mut self,
        place: Place,
        length: u32,
        (addend, phase): (u32, u8),
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        if length > MOST_ADDED {
            let Place { region, address } = place;
            return Err(Fault::TooLong { region, address, length, most: MOST_ADDED });
        }
        let bus = Bus { regions: self.regions(), host };
        let extents = bus.resolve(place, length.into())?;
        let limit = usize::try_from(length).unwrap_or(usize::MAX);
        let mut sums = bytes::read_pieces(&bus.read(&extents)?, limit);
        let added = addend.to_le_bytes().into_iter().cycle().skip(phase.into());
        for (sum, added) in sums.iter_mut().zip(added) {
            *sum = sum.wrapping_add(added);
        }
        self.write(&extents, &bytes::pieces_from_bytes(&sums), host)
    }

    /// Reaches the aligned word around a place. A write puts back what is there, so that nothing
    /// has to be written.
    fn touch(&self, place: Place, host: &HostMemory) -> Result<(), Fault> {
        let address = place.address - place.address % Packet::WORD;
        self.pieces(Place { address, ..place }, Packet::WORD, host).map(|_| ())
    }

    /// Points pages of an aperture somewhere.
    fn point(&mut self, place: Place, pages: u32, entry: PageEntry) -> Result<(), Fault> {
        let Place { region, address } = place;
        if !address.is_multiple_of(PAGE_SIZE) {
            return Err(Fault::UnalignedPage { region, address });
        }
        let piece = (pages > 0).then(|| Piece { len: pages.into(), value: entry });
        self.program_aperture(region, address / PAGE_SIZE, piece.as_slice())
    }

    /// Puts one content over a range.
    fn put(
        &mut self,
        place: Place,
        length: u64,
        content: Content,
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        let extents = Bus { regions: self.regions(), host }.resolve(place, length)?;
        self.write(&extents, &bytes::pieces_from_content(content, length), host)
    }

    /// Writes a description over stretches that were resolved, so that all of them exist.
    fn write(
        &mut self,
        extents: &[Extent],
        pieces: &[Piece<Content>],
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        let mut pieces = PieceReader::new(pieces);
        for extent in extents {
            match *extent {
                Extent::Bytes { region, start, len, .. } => {
                    self.write_bytes(region, start, pieces.take(len), host)?;
                }
                Extent::Repeated { frame, phase, len } => {
                    let (skipped, writes) = repeated_writes(frame, phase, len);
                    pieces.take(skipped);
                    for (start, len) in writes {
                        self.write_bytes(RegionId::SYSTEM, start, pieces.take(len), host)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write_bytes(
        &mut self,
        region: RegionId,
        start: u64,
        pieces: Vec<Piece<Content>>,
        host: &mut HostMemory,
    ) -> Result<(), Fault> {
        let length = bytes::pieces_len(&pieces).unwrap_or(u64::MAX);
        let refused = Fault::OutOfRange { region, address: start, length };
        if region == RegionId::SYSTEM {
            return host.put(PhysicalAddress(start), &pieces).map_err(|_| refused);
        }
        let memory = self.memory(region).ok_or(refused)?;
        let change = ByteChange::new(memory, start, pieces).map_err(|_| refused)?;
        if !change.changes_nothing() {
            self.journal.apply(GpuChange::Bytes { region, change });
        }
        Ok(())
    }
}
