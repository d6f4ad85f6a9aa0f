package http2

import "time"

// budget bounds how often the other side may do something that is allowed but useless: it has some for a burst, gets more as time
// passes, and earns more by doing what is useful.
type budget struct {
	left, most int32
	perSecond  int32
	at         int64 // on clock: when it was last filled up
}

func newBudget(most, perSecond int32) budget {
	return budget{left: most, most: most, perSecond: perSecond, at: clock()}
}

// spend takes n. It reports false when there is not enough left.
func (b *budget) spend(n int32) bool {
	if b.left < n {
		now := clock()
		more := (now - b.at) * int64(b.perSecond) / int64(time.Second)
		if more > 0 {
			b.at = now
			b.left = int32(min(int64(b.most), int64(b.left)+more))
		}
	}
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) earn(n int32) { b.left = min(b.most, b.left+min(n, b.most)) }
