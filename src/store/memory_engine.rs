//! How is a store kept in memory only? For `checkup` and for tests: nothing survives the process.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{PoisonError, RwLock};

use super::engine::{Batch, Engine, Order, Visit};
use super::error::StoreError;

/// Entries copied out at once, so that a visitor never runs under the lock.
const SLICE: usize = 256;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An ordered map behind a lock.
#[derive(Debug, Default)]
pub struct MemoryEngine(RwLock<Map>);

impl MemoryEngine {
    fn slice(&self, from: Bound<&[u8]>, to: Bound<&[u8]>, order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let range =
            map.range::<[u8], _>((from, to)).map(|(key, value)| (key.clone(), value.clone()));
        match order {
            Order::Ascending => range.take(SLICE).collect(),
            Order::Descending => range.rev().take(SLICE).collect(),
        }
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let (mut lower, mut upper) = (Bound::Included(from.to_vec()), Bound::Excluded(to.to_vec()));
        if from >= to {
            return Ok(());
        }
        loop {
            let slice = self.slice(
                lower.as_ref().map(Vec::as_slice),
                upper.as_ref().map(Vec::as_slice),
                order,
            );
            for (key, value) in &slice {
                if let ControlFlow::Break(()) = visit(key, value)? {
                    return Ok(());
                }
            }
            let Some((last, _)) = slice.into_iter().next_back() else { return Ok(()) };
            match order {
                Order::Ascending => lower = Bound::Excluded(last),
                Order::Descending => upper = Bound::Excluded(last),
            }
            if matches!((&lower, &upper), (Bound::Excluded(a), Bound::Excluded(b)) if a >= b) {
                return Ok(());
            }
        }
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check_sizes()?;
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, expected) in batch.expectations() {
            if map.get(key).map(Vec::as_slice) != expected {
                return Err(StoreError::Conflict { key: key.to_vec() });
            }
        }
        for (key, value) in batch.into_writes() {
            match value {
                Some(value) => drop(map.insert(key, value)),
                None => drop(map.remove(&key)),
            }
        }
        Ok(())
    }

    fn barrier(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    #[test]
    fn memory_engine_passes_the_suite() {
        crate::store::engine::suite::run(Arc::new(super::MemoryEngine::default()));
    }
}
