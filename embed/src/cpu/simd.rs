//! Runs a loop nest compiled for the widest instruction set this machine has. The tiles of 8-bit products are the other unsafe code.
#![expect(
    unsafe_code,
    reason = "calling a function compiled for AVX2 and FMA is unsafe until the processor has been asked"
)]

/// A piece of safe, plain-loop work that is compiled once per instruction set.
///
/// `run` and all it calls must be `#[inline(always)]`: only then are they compiled with the instructions of the caller.
pub(crate) trait Work {
    /// What the work gives back.
    type Output;

    /// Do it. With `FUSED`, products are added without rounding in between, which only pays where the processor can.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Run `work` with AVX2 and FMA where the processor has them, else with what the compiler's target has.
/// On one machine it is always the same code, so equal inputs give equal bits.
pub(crate) fn dispatch<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has just said that it has both features `wide` is compiled for; `wide` asks for nothing else.
        return unsafe { wide(work) };
    }
    work.run::<{ cfg!(target_arch = "aarch64") }>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide<W: Work>(work: W) -> W::Output {
    work.run::<true>()
}

/// `a * b + c`, fused or not.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
