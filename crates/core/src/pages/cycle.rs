//! Cycle detection.

/// Detects a cycle in a sequence of any length with constant memory: Brent's algorithm.
///
/// It remembers one value and replaces it after 1, 2, 4, 8 … steps. The interval therefore becomes
/// longer than the cycle at some point; from then on each turn of the cycle meets the remembered value.
#[derive(Debug, Default)]
pub(super) struct CycleDetector {
    remembered: Option<u64>,
    /// How often the remembered value was met again.
    met: u32,
    /// Steps since the value was remembered.
    steps: u64,
    /// After how many steps the value is replaced.
    limit: u64,
}

impl CycleDetector {
    /// Takes the next value and returns how often the remembered one was met again so far.
    pub(super) fn met(&mut self, next: u64) -> u32 {
        self.steps += 1;
        if self.remembered == Some(next) {
            self.met = self.met.saturating_add(1);
        } else if self.steps >= self.limit {
            self.remembered = Some(next);
            self.met = 0;
            self.steps = 0;
            self.limit = self.limit.saturating_mul(2).max(1);
        }
        self.met
    }
}
