package http2

// initialWindow is the size of every window before anybody has changed it (RFC 9113, 6.9.2).
const initialWindow = 65535

const maxWindow = 1<<31 - 1

// window is how much may be sent: of a stream, or of a connection (RFC 9113, 6.9). It can be negative, after a change of
// SETTINGS_INITIAL_WINDOW_SIZE.
type window int32

// add makes the window n larger, or smaller. It reports false when that is more than a window can be.
func (w *window) add(n int64) bool {
	sum := int64(*w) + n
	if sum > maxWindow || sum < -maxWindow {
		return false
	}
	*w = window(sum)
	return true
}

// credit is how much may be received: of a stream, or of a connection.
type credit struct {
	left   int32 // what the other side may still send
	unsent int32 // what it may send besides, but was not told yet
	size   int32 // how much it may have sent that was not used yet
}

func newCredit(size int32) credit { return credit{left: size, size: size} }

// receive counts n bytes that came. It reports false if the other side was not allowed to send them.
func (c *credit) receive(n int) bool {
	if int64(n) > int64(c.left) {
		return false
	}
	c.left -= int32(n)
	return true
}

// refund counts n received bytes that need no memory any more. It returns by how much to enlarge the other side's window now, often 0:
// many small updates become one. What the other side may still send is never less than what it is not told of yet, so that it does not wait for
// nothing while others use the rest of the window.
func (c *credit) refund(n int) int32 {
	c.unsent += int32(n)
	if c.unsent < c.size/2 && c.unsent < c.left {
		return 0
	}
	return c.update()
}

// grow makes the window as large as size, and returns by how much to enlarge the other side's now.
func (c *credit) grow(size int32) int32 {
	if size > c.size {
		c.unsent += size - c.size
		c.size = size
	}
	return c.update()
}

func (c *credit) update() int32 {
	n := c.unsent
	c.left += n
	c.unsent = 0
	return n
}
