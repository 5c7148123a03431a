//! Where the boxes of a picture stand: by forces first (Fruchterman and Reingold, "Graph Drawing by Force-directed Placement", 1991),
//! then moved apart until none covers another. Nothing is drawn by chance, so the same graph is the same picture.

/// The length that an edge likes to have, in pixels.
const LENGTH: f64 = 120.0;
/// Steps of the forces.
const STEPS: usize = 250;
/// Rounds of moving apart.
const ROUNDS: usize = 400;
/// Space between boxes, in pixels.
const GAP: f64 = 18.0;
/// Boxes are wide and low, so the picture is wider than high.
const STRETCH: f64 = 1.7;

/// What is to be placed: the sizes of the boxes, the middle one first, and which are joined.
pub(super) struct Sketch {
    pub(super) boxes: Vec<(f64, f64)>,
    pub(super) edges: Vec<(usize, usize)>,
}

/// A box where it stands: its middle and its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Place {
    /// Where the straight way from the middle to another box leaves this one.
    pub(super) fn border(&self, other: &Self) -> (f64, f64) {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        let share = |half: f64, way: f64| if way == 0.0 { f64::INFINITY } else { half / way.abs() };
        let share = share(self.width / 2.0, dx).min(share(self.height / 2.0, dy)).min(1.0);
        (self.x + dx * share, self.y + dy * share)
    }
}

/// The places of all boxes, in their order.
pub(super) fn places(sketch: &Sketch) -> Vec<Place> {
    let mut points = spiral(sketch.boxes.len());
    pull(&mut points, &sketch.edges);
    let mut places: Vec<Place> = points
        .into_iter()
        .zip(&sketch.boxes)
        .map(|((x, y), (width, height))| Place {
            x: x * STRETCH,
            y,
            width: *width,
            height: *height,
        })
        .collect();
    for _ in 0..ROUNDS {
        if !part(&mut places) {
            break;
        }
    }
    places
}

/// Points around the middle, evenly spread: by the golden angle.
#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn spiral(count: usize) -> Vec<(f64, f64)> {
    let angle = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    let point = |number: usize| {
        let (turn, far) = (number as f64 * angle, LENGTH * (number as f64).sqrt());
        (far * turn.cos(), far * turn.sin())
    };
    (0..count).map(point).collect()
}

/// Let joined points attract and all points repel each other, ever more slowly. The first stays in the middle.
#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn pull(points: &mut [(f64, f64)], edges: &[(usize, usize)]) {
    for step in 0..STEPS {
        let most = LENGTH * (1.0 - step as f64 / STEPS as f64);
        let mut moves = repelled(points);
        for (a, b) in edges {
            let (Some(from), Some(to)) = (points.get(*a), points.get(*b)) else {
                continue;
            };
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let force = dx.hypot(dy) / LENGTH;
            shift(&mut moves, *a, (dx * force, dy * force));
            shift(&mut moves, *b, (-dx * force, -dy * force));
        }
        for (point, (dx, dy)) in points.iter_mut().zip(moves).skip(1) {
            let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
            let share = length.min(most) / length;
            *point = (point.0 + dx * share, point.1 + dy * share);
        }
    }
}

fn repelled(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let push = |a: &(f64, f64), b: &(f64, f64)| {
        let (dx, dy) = (a.0 - b.0, a.1 - b.1);
        let far = (dx * dx + dy * dy).max(1.0);
        (dx * LENGTH * LENGTH / far, dy * LENGTH * LENGTH / far)
    };
    points
        .iter()
        .map(|a| {
            points
                .iter()
                .map(|b| push(a, b))
                .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        })
        .collect()
}

fn shift(moves: &mut [(f64, f64)], at: usize, by: (f64, f64)) {
    if let Some(one) = moves.get_mut(at) {
        *one = (one.0 + by.0, one.1 + by.1);
    }
}

/// Move boxes that cover each other apart, each by half, the way that is shorter. Whether any had to move.
fn part(places: &mut [Place]) -> bool {
    let mut moved = false;
    for second in 1..places.len() {
        let (before, rest) = places.split_at_mut(second);
        let Some(b) = rest.first_mut() else { continue };
        for a in before {
            let (wide, high) = (
                f64::midpoint(a.width, b.width) + GAP,
                f64::midpoint(a.height, b.height) + GAP,
            );
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let (over_x, over_y) = (wide - dx.abs(), high - dy.abs());
            if over_x <= 0.0 || over_y <= 0.0 {
                continue;
            }
            moved = true;
            if over_x < over_y {
                let by = (over_x / 2.0 + 0.5).copysign(dx);
                (a.x, b.x) = (a.x - by, b.x + by);
            } else {
                let by = (over_y / 2.0 + 0.5).copysign(dy);
                (a.y, b.y) = (a.y - by, b.y + by);
            }
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GAP, Sketch, places};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn no_box_covers_another(widths in prop::collection::vec(40.0_f64..250.0, 1..60), ends in prop::collection::vec((0_usize..60, 0_usize..60), 0..120)) {
            let count = widths.len();
            let edges = ends.into_iter().map(|(a, b)| (a % count, b % count)).collect();
            let places = places(&Sketch { boxes: widths.into_iter().map(|width| (width, 40.0)).collect(), edges });
            for (number, a) in places.iter().enumerate() {
                prop_assert!(a.x.is_finite() && a.y.is_finite());
                for b in &places[number + 1..] {
                    let apart_x = (a.x - b.x).abs() >= f64::midpoint(a.width, b.width) + GAP / 2.0;
                    let apart_y = (a.y - b.y).abs() >= f64::midpoint(a.height, b.height) + GAP / 2.0;
                    prop_assert!(apart_x || apart_y, "{a:?} and {b:?}");
                }
            }
        }
    }
}
