package schema

type rule func(s *Schema)

func (r rule) apply(s *Schema) { r(s) }

// AtLeastOneOf wants one of the fields set.
func AtLeastOneOf(paths ...string) Rule { return rule(func(*Schema) {}) }

// OnlyOneOf wants exactly one of the fields set.
func OnlyOneOf(paths ...string) Rule { return rule(func(*Schema) {}) }

// MutuallyRequired wants all of the fields set, or none.
func MutuallyRequired(paths ...string) Rule { return rule(func(*Schema) {}) }

// MutuallyExclusive wants at most one of the fields set.
func MutuallyExclusive(paths ...string) Rule { return rule(func(*Schema) {}) }

// Distinct wants different values in the fields, where set.
func Distinct(paths ...string) Rule { return rule(func(*Schema) {}) }

// Condition is the first half of a conditional rule.
type Condition struct{ path, match string }

// If begins a conditional rule: match has the syntax of conf tags ("eq=redis", "one_of=a,b").
func If(path, match string) Condition { return Condition{path, match} }

// Then wants the field to fulfil match when the condition holds. err replaces the text of the violation.
func (c Condition) Then(path, match string, err ...string) Rule { return rule(func(*Schema) {}) }

// ThenAtLeastOneOf wants one of the fields set when the condition holds. "%s" in err stands for their names.
func (c Condition) ThenAtLeastOneOf(err string, paths ...string) Rule { return rule(func(*Schema) {}) }

// Check is a check in Go over the processed record. It is shown as a custom_entity_check of these sources; without
// sources it is not shown.
func Check(f func(doc map[string]any) Errors, sources ...string) Rule { return rule(func(*Schema) {}) }

// CheckRecord is a check in Go over the processed record whose error becomes the record's own error text.
func CheckRecord(f func(doc map[string]any) error) Rule { return rule(func(*Schema) {}) }

// CheckField is a check in Go of one value that is not null: "path", "hosts.elements", "headers.values".
func CheckField(path string, f func(v any) error) Rule { return rule(func(*Schema) {}) }

// Moved accepts a deprecated field and puts its value where the new one is.
func Moved(old, path, message, removal string, conf ...string) Rule { return rule(func(*Schema) {}) }

// Conf adds rules in the syntax of conf tags to a field, for what a tag cannot hold.
func Conf(path, conf string) Rule { return rule(func(*Schema) {}) }
