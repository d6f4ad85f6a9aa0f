package memory

// Limit returns Options.MaxBytes.
func (s *Store) Limit() int64 { return s.max }
