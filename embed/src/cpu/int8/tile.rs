//! Sums of a tile on each instruction set. Whole numbers: all give the same.
#![expect(
    unsafe_code,
    reason = "instructions of AVX2 and of VNNI, called where the processor has been asked for them"
)]

use super::{COLUMNS, Finish, GROUP, Product, ROWS, Sums};

/// Multiply with the best instructions this machine has.
pub(crate) fn multiply<F: Finish>(product: Product<'_, F>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor has just said that it has all features the function is compiled for.
            return unsafe { x86::with_vnni(product) };
        }
        // SAFETY: as above.
        return unsafe { x86::with_avx2(product) };
    }
    product.by_tiles::<{ cfg!(target_arch = "aarch64") }>(plain);
}

/// The number of whole steps, 0 to 255, from `least` to each value of `row`.
#[inline(always)]
pub(super) fn steps<const FUSED: bool>(row: &[f32], (least, inverse): (f32, f32), out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    let (row, out) = if FUSED && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2, and the function asks for nothing else.
        unsafe { x86::steps(row, (least, inverse), out) }
    } else {
        (row, out)
    };
    for (out, x) in out.iter_mut().zip(row) {
        *out = step((x - least) * inverse);
    }
}

/// The nearest whole number to one between 0 and 255.
#[inline(always)]
fn step(x: f32) -> u8 {
    /// Added to a float of small magnitude, 1.5 · 2²³ leaves the nearest whole number in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND).to_bits().to_le_bytes()[0]
}

/// The tile in plain loops.
#[inline(always)]
pub(super) fn plain(a: [&[[u8; GROUP]]; ROWS], b: &[[[i8; GROUP]; COLUMNS]]) -> Sums {
    let mut sums = [[0; COLUMNS]; ROWS];
    for (group, b) in b.iter().enumerate() {
        for (sums, a) in sums.iter_mut().zip(a) {
            let a = a[group].map(i32::from);
            for (sum, b) in sums.iter_mut().zip(b) {
                for (a, b) in a.iter().zip(b) {
                    *sum += a * i32::from(*b);
                }
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi32, _mm256_cvtps_epi32, _mm256_dpbusd_epi32, _mm256_loadu_ps, _mm256_loadu_si256,
        _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_packs_epi32, _mm256_packus_epi16,
        _mm256_permutevar8x32_epi32, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32,
        _mm256_setzero_si256, _mm256_storeu_si256, _mm256_sub_ps,
    };

    use super::{COLUMNS, Finish, GROUP, Product, ROWS, Sums};

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn with_avx2<F: Finish>(product: Product<'_, F>) {
        product.by_tiles::<true>(|a, b| tile_by_avx2(a, b));
    }

    #[target_feature(enable = "avx2,fma,avx512vnni,avx512vl")]
    pub(super) fn with_vnni<F: Finish>(product: Product<'_, F>) {
        product.by_tiles::<true>(|a, b| tile_by_vnni(a, b));
    }

    // The tiles are functions of their own: inlined into the loops around them, their sums would not stay in registers.

    #[target_feature(enable = "avx2,fma")]
    #[inline(never)]
    fn tile_by_avx2(a: [&[[u8; GROUP]]; ROWS], b: &[[[i8; GROUP]; COLUMNS]]) -> Sums {
        // Two products fit 16 bits, as said at the top of the module: nothing saturates.
        let dot = |sum, a, b| {
            let pairs = _mm256_maddubs_epi16(a, b);
            _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        };
        // SAFETY: whoever calls this has AVX2.
        unsafe { tile(a, b, dot) }
    }

    #[target_feature(enable = "avx2,fma,avx512vnni,avx512vl")]
    #[inline(never)]
    fn tile_by_vnni(a: [&[[u8; GROUP]]; ROWS], b: &[[[i8; GROUP]; COLUMNS]]) -> Sums {
        let dot = |sum, a, b| _mm256_dpbusd_epi32(sum, a, b);
        // SAFETY: whoever calls this has AVX2 and what `dot` asks for.
        unsafe { tile(a, b, dot) }
    }

    /// As the function of this name above for as many times 32 values as there are; gives back what is left.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    pub(super) unsafe fn steps<'a, 'b>(
        row: &'a [f32],
        (least, inverse): (f32, f32),
        out: &'b mut [u8],
    ) -> (&'a [f32], &'b mut [u8]) {
        let (chunks, rest) = row.as_chunks::<32>();
        let (packed, left) = out.as_chunks_mut::<32>();
        // SAFETY: the caller vouches for AVX2; four loads take the 32 floats of a chunk, the store its 32 bytes.
        unsafe {
            let (least, inverse) = (_mm256_set1_ps(least), _mm256_set1_ps(inverse));
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            for (packed, chunk) in packed.iter_mut().zip(chunks) {
                let eight = |at: usize| {
                    let x = _mm256_loadu_ps(chunk.as_ptr().add(at));
                    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_sub_ps(x, least), inverse))
                };
                // Packing goes by halves of a register; `order` puts its groups of four back in theirs.
                let low = _mm256_packs_epi32(eight(0), eight(8));
                let high = _mm256_packs_epi32(eight(16), eight(24));
                let bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
                _mm256_storeu_si256(packed.as_mut_ptr().cast(), bytes);
            }
        }
        (rest, left)
    }

    /// # Safety
    /// The processor must have AVX2 and whatever `dot` asks for.
    #[inline(always)]
    unsafe fn tile(
        a: [&[[u8; GROUP]]; ROWS],
        b: &[[[i8; GROUP]; COLUMNS]],
        dot: impl Fn(__m256i, __m256i, __m256i) -> __m256i,
    ) -> Sums {
        let count = b.len();
        assert!(a.iter().all(|row| row.len() >= count), "the operands do not fit");
        // SAFETY: the caller vouches for AVX2; each load takes 32 of the 64 bytes of a `[[i8; 4]; 16]` or the 4 bytes of a group, of
        // which there are `count` in each row; each store takes 32 of the bytes of an `[i32; 16]`.
        unsafe {
            let mut lanes = [[_mm256_setzero_si256(); 2]; ROWS];
            for (group, b) in b.iter().enumerate() {
                let low = _mm256_loadu_si256(b.as_ptr().cast());
                let high = _mm256_loadu_si256(b.as_ptr().add(COLUMNS / 2).cast());
                for (lanes, a) in lanes.iter_mut().zip(a) {
                    let a = _mm256_set1_epi32(a.as_ptr().add(group).cast::<i32>().read_unaligned());
                    lanes[0] = dot(lanes[0], a, low);
                    lanes[1] = dot(lanes[1], a, high);
                }
            }
            let mut sums = [[0; COLUMNS]; ROWS];
            for (sums, lanes) in sums.iter_mut().zip(lanes) {
                _mm256_storeu_si256(sums.as_mut_ptr().cast(), lanes[0]);
                _mm256_storeu_si256(sums.as_mut_ptr().add(COLUMNS / 2).cast(), lanes[1]);
            }
            sums
        }
    }
}
