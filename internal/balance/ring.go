package balance

import (
	"slices"
	"time"
)

// ring is the order in which addresses take turns. It is immutable.
//
// Position n of the order is n·step modulo the sum of all weights; each peer owns as many of these residues as it has weight.
// step has no divisor in common with the sum, so that over a whole cycle every residue comes up once and the shares are exact;
// it is near the golden section of the sum, so that a peer's turns are spread evenly. All that is shared between requests is a
// counter.
type ring struct {
	peers   []*peer
	ends    []uint64 // ends[i] is the sum of the weights up to and with peer i
	step    uint64
	expires time.Time // when the first of its names is to be looked up again; zero without names
	err     error     // why a name has no address
}

// newRing makes a ring of peers with their weights, all above 0.
func newRing(peers []*peer, weights []uint64) *ring {
	r := &ring{peers: peers, ends: make([]uint64, len(peers))}
	if len(peers) == 0 {
		return r
	}
	divisor := weights[0]
	for _, w := range weights {
		divisor = gcd(divisor, w)
	}
	sum := uint64(0)
	for i, w := range weights {
		sum += w / divisor
		r.ends[i] = sum
	}
	r.step = stepFor(sum)
	return r
}

// old reports whether a name of the ring is to be looked up again.
func (r *ring) old() bool { return !r.expires.IsZero() && time.Now().After(r.expires) }

// stepFor returns the number nearest to sum times 0.618 that has no divisor in common with sum.
func stepFor(sum uint64) uint64 {
	if sum <= 2 {
		return 1
	}
	golden := uint64(float64(sum) * 0.6180339887498949)
	for d := uint64(0); ; d++ {
		if gcd(golden+d, sum) == 1 {
			return golden + d
		}
		if d < golden && gcd(golden-d, sum) == 1 {
			return golden - d
		}
	}
}

// at returns the index of the peer whose turn n is.
func (r *ring) at(n uint64) int {
	sum := r.ends[len(r.ends)-1]
	residue := n % sum * r.step % sum
	if sum == uint64(len(r.ends)) {
		return int(residue)
	}
	i, found := slices.BinarySearch(r.ends, residue)
	if found {
		i++
	}
	return i
}

// pick returns the peer of turn n, or the next one that p has not tried. If all were tried it is the one of turn n again.
func (r *ring) pick(n uint64, p *Pick) *peer {
	first := r.at(n)
	if p.Tries == 0 {
		return r.peers[first]
	}
	for i := range r.peers {
		if peer := r.peers[(first+i)%len(r.peers)]; !p.has(peer) {
			return peer
		}
	}
	return r.peers[first]
}

// preferred returns the peer that p prefers for its first try; nil if there is none.
func (r *ring) preferred(p *Pick) *peer {
	if p.Prefer == 0 || p.Tries > 0 {
		return nil
	}
	for _, peer := range r.peers {
		if peer.mark == p.Prefer {
			return peer
		}
	}
	return nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
