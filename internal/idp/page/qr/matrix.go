package qr

// set draws a module that carries no data.
func (c *Code) set(x, y int, dark bool) {
	if x < 0 || y < 0 || x >= c.Size || y >= c.Size {
		return
	}
	c.dark[y*c.Size+x], c.function[y*c.Size+x] = dark, true
}

// patterns draws finders, timing, alignment and version, and keeps the place of the format.
func (c *Code) patterns() {
	for i := range c.Size {
		c.set(6, i, i%2 == 0)
		c.set(i, 6, i%2 == 0)
	}
	for _, corner := range [][2]int{{3, 3}, {c.Size - 4, 3}, {3, c.Size - 4}} {
		for dy := -4; dy <= 4; dy++ {
			for dx := -4; dx <= 4; dx++ {
				ring := max(dx, -dx, dy, -dy)
				c.set(corner[0]+dx, corner[1]+dy, ring != 2 && ring != 4)
			}
		}
	}
	at := c.alignments()
	for i, x := range at {
		for j, y := range at {
			last := len(at) - 1
			if i == 0 && j == 0 || i == 0 && j == last || i == last && j == 0 {
				continue // a finder is there
			}
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					c.set(x+dx, y+dy, max(dx, -dx, dy, -dy) != 1)
				}
			}
		}
	}
	c.format(0)
	c.versionInfo()
}

func (c *Code) alignments() []int {
	if c.version == 1 {
		return nil
	}
	n := c.version/7 + 2
	step := (c.version*4 + n*2 + 1) / (n*2 - 2) * 2
	at := make([]int, n)
	at[0] = 6
	for i, place := n-1, c.Size-7; i >= 1; i, place = i-1, place-step {
		at[i] = place
	}
	return at
}

// format draws level M and the mask, twice, with their correction.
func (c *Code) format(mask int) {
	data := 0<<3 | mask // level M is 0
	rest := data
	for range 10 {
		rest = rest<<1 ^ (rest>>9)*0x537
	}
	bits := (data<<10 | rest) ^ 0x5412
	bit := func(i int) bool { return bits>>i&1 == 1 }
	for i := range 6 {
		c.set(8, i, bit(i))
	}
	c.set(8, 7, bit(6))
	c.set(8, 8, bit(7))
	c.set(7, 8, bit(8))
	for i := 9; i < 15; i++ {
		c.set(14-i, 8, bit(i))
	}
	for i := range 8 {
		c.set(c.Size-1-i, 8, bit(i))
	}
	for i := 8; i < 15; i++ {
		c.set(8, c.Size-15+i, bit(i))
	}
	c.set(8, c.Size-8, true)
}

func (c *Code) versionInfo() {
	if c.version < 7 {
		return
	}
	rest := c.version
	for range 12 {
		rest = rest<<1 ^ (rest>>11)*0x1F25
	}
	bits := c.version<<12 | rest
	for i := range 18 {
		dark, a, b := bits>>i&1 == 1, c.Size-11+i%3, i/3
		c.set(a, b, dark)
		c.set(b, a, dark)
	}
}

// place writes bits in the zigzag from the lower right.
func (c *Code) place(data []byte) {
	i := 0
	c.zigzag(func(at int) {
		if i < 8*len(data) {
			c.dark[at] = data[i/8]>>(7-i%8)&1 == 1
			i++
		}
	})
}

// zigzag visits the modules that carry data, in their order.
func (c *Code) zigzag(visit func(at int)) {
	for right := c.Size - 1; right >= 1; right -= 2 {
		if right == 6 {
			right = 5
		}
		for vertical := range c.Size {
			for j := range 2 {
				x, y := right-j, vertical
				if (right+1)&2 == 0 {
					y = c.Size - 1 - vertical
				}
				if at := y*c.Size + x; !c.function[at] {
					visit(at)
				}
			}
		}
	}
}

var masks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

func (c *Code) apply(mask int) {
	for y := range c.Size {
		for x := range c.Size {
			if at := y*c.Size + x; !c.function[at] && masks[mask](x, y) {
				c.dark[at] = !c.dark[at]
			}
		}
	}
}

// mask applies the one whose result scanners read best.
func (c *Code) mask() {
	best, least := 0, -1
	for m := range masks {
		c.apply(m)
		c.format(m)
		if p := c.penalty(); least < 0 || p < least {
			best, least = m, p
		}
		c.apply(m)
	}
	c.apply(best)
	c.format(best)
}

// penalty weighs long runs, blocks of one colour, look-alikes of finders, and imbalance.
func (c *Code) penalty() int {
	total, dark := 0, 0
	for y := range c.Size {
		for _, row := range [2]func(i int) bool{
			func(i int) bool { return c.Dark(i, y) },
			func(i int) bool { return c.Dark(y, i) },
		} {
			run, window := 0, 0
			for i := range c.Size {
				if i > 0 && row(i) == row(i-1) {
					run++
				} else {
					run = 1
				}
				switch {
				case run == 5:
					total += 3
				case run > 5:
					total++
				}
				window = window << 1 & 0x7FF
				if row(i) {
					window |= 1
				}
				if i >= 10 && (window == 0b10111010000 || window == 0b00001011101) {
					total += 40
				}
			}
		}
		for x := range c.Size {
			d := c.Dark(x, y)
			if d {
				dark++
			}
			if x > 0 && y > 0 && c.Dark(x-1, y) == d && c.Dark(x, y-1) == d && c.Dark(x-1, y-1) == d {
				total += 3
			}
		}
	}
	imbalance := dark*20 - c.Size*c.Size*10
	return total + max(imbalance, -imbalance)/(c.Size*c.Size)*10
}
