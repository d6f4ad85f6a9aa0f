package route

// methodSet is a set of request methods: a bit for each well-known one, and one for all others together.
type methodSet uint16

const otherMethod methodSet = 1 << 15

// methodOf returns the bit of a method.
func methodOf[M []byte | string](method M) methodSet {
	switch string(method) {
	case "GET":
		return 1 << 0
	case "HEAD":
		return 1 << 1
	case "POST":
		return 1 << 2
	case "PUT":
		return 1 << 3
	case "PATCH":
		return 1 << 4
	case "DELETE":
		return 1 << 5
	case "OPTIONS":
		return 1 << 6
	case "TRACE":
		return 1 << 7
	case "CONNECT":
		return 1 << 8
	}
	return otherMethod
}

func methodsOf(methods []string) (set methodSet) {
	for _, m := range methods {
		set |= methodOf(m)
	}
	return set
}
