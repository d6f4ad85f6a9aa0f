package storetest

import (
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/store"
)

func pages(t *testing.T, open Open) {
	s := open(t, All, nil)
	equal(t, 0, len(numbers(t, s, Parents, store.Query{Size: 1})))
	var want []int
	for n := range 10 {
		put(t, s, Parents, Doc(9-n))
		want = append(want, n)
	}
	for _, size := range []int{1, 3, 5, 9, 10, 11, 1000} {
		equal(t, want, numbers(t, s, Parents, store.Query{Size: size}))
	}
	equal(t, []int{5, 6, 7, 8, 9}, numbers(t, s, Parents, store.Query{Size: 2, After: ID(4)}))
}

// pagesUnderChanges sees once what is there all the time, whatever comes and goes meanwhile.
func pagesUnderChanges(t *testing.T, open Open) {
	s := open(t, All, nil)
	for _, newest := range []bool{false, true} {
		for n := 10; n < 20; n++ {
			put(t, s, Toys, Doc(n, "created_at", float64(n)+0.125))
		}
		q := store.Query{Size: 3, Newest: newest}
		var seen []int
		for {
			var page store.Page
			view(t, s, func(tx store.Tx) (err error) {
				page, err = tx.List(Toys, q)
				return err
			})
			for _, doc := range page.Docs {
				seen = append(seen, number(t, doc))
			}
			if page.Next == "" {
				break
			}
			q.After = page.Next
			last := seen[len(seen)-1]
			update(t, s, func(tx store.Tx) error { return tx.Delete(Toys, ID(last)) })              // where the page ended
			put(t, s, Toys, Doc(100+len(seen), "created_at", 100), Doc(len(seen), "created_at", 0)) // on both sides
		}
		for n := 10; n < 20; n++ {
			if i := slices.Index(seen, n); i < 0 || slices.Contains(seen[i+1:], n) {
				t.Errorf("newest %v: %d is not there once: %v", newest, n, seen)
			}
		}
		for _, n := range numbers(t, s, Toys, store.Query{Size: 1000}) {
			update(t, s, func(tx store.Tx) error { return tx.Delete(Toys, ID(n)) })
		}
	}
}

func newest(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1), Doc(2))
	put(t, s, Toys, Doc(1, "created_at", 5, "keeper", ref(1)), Doc(2, "created_at", 7.25, "keeper", ref(1)), Doc(3, "created_at", 7.125, "keeper", ref(2)),
		Doc(4, "created_at", 5, "keeper", ref(1)), Doc(5, "keeper", ref(1)))
	for _, size := range []int{1, 2, 10} {
		equal(t, []int{2, 3, 4, 1, 5}, numbers(t, s, Toys, store.Query{Size: size, Newest: true}))
		equal(t, []int{2, 4, 1, 5}, numbers(t, s, Toys, store.Query{Size: size, Newest: true, Ref: "keeper", RefID: ID(1)}))
	}
}

func byReference(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1), Doc(2))
	for n := range 6 {
		put(t, s, Children, Doc(n, "name", ID(n), "parent", ref(1+n%2), "guardian", ref(1), "slot", n, "tags", []string{"t", ID(n % 3)}))
	}
	for _, size := range []int{1, 2, 10} {
		equal(t, []int{0, 2, 4}, numbers(t, s, Children, store.Query{Size: size, Ref: "parent", RefID: ID(1)}))
		equal(t, []int{0, 1, 2, 3, 4, 5}, numbers(t, s, Children, store.Query{Size: size, Ref: "guardian", RefID: ID(1)}))
		equal(t, []int{2}, numbers(t, s, Children, store.Query{Size: size, Ref: "parent", RefID: ID(1), Tags: []string{"t", ID(2)}}))
		equal(t, []int{0, 2}, numbers(t, s, Children, store.Query{Size: size, Ref: "parent", RefID: ID(1), Tags: []string{ID(0), ID(2)}, AnyTag: true}))
	}
	equal(t, 0, len(numbers(t, s, Children, store.Query{Size: 10, Ref: "parent", RefID: ID(7)})))
}

func tagFilter(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "tags", []string{"a", "b", "a"}), Doc(2, "tags", []string{"b"}), Doc(3, "tags", []string{}), Doc(4, "tags", nil),
		Doc(5, "tags", []string{"c", "a"}))
	put(t, s, Toys, Doc(1, "tags", []string{"a"}))
	for _, size := range []int{1, 10} {
		for _, c := range []struct {
			tags []string
			any  bool
			want []int
		}{
			{[]string{"a"}, false, []int{1, 5}}, {[]string{"a"}, true, []int{1, 5}}, {[]string{"a", "b"}, false, []int{1}},
			{[]string{"a", "b"}, true, []int{1, 2, 5}}, {[]string{"a", "a"}, false, []int{1, 5}}, {[]string{"a", "none"}, false, nil},
			{[]string{"none", "c"}, true, []int{5}}, {[]string{"b", "\x00"}, true, []int{1, 2}}, {[]string{"b", "\x00"}, false, nil},
		} {
			equal(t, c.want, numbers(t, s, Parents, store.Query{Size: size, Tags: c.tags, AnyTag: c.any}))
		}
	}
	var many []string
	for n := range 200 {
		many = append(many, ID(n))
	}
	put(t, s, Parents, Doc(6, "tags", many))
	equal(t, []int{6}, numbers(t, s, Parents, store.Query{Size: 10, Tags: many}))
	equal(t, []int{6}, numbers(t, s, Parents, store.Query{Size: 10, Tags: many, AnyTag: true}))
	put(t, s, Parents, Doc(1, "tags", []string{"c"}))
	equal(t, []int{5}, numbers(t, s, Parents, store.Query{Size: 10, Tags: []string{"a"}}))
}

// tags lists rows of tags, page by page.
func tags(t *testing.T, s store.Store, tag string, size int) (list []store.TagRow) {
	t.Helper()
	for after := ""; ; {
		view(t, s, func(tx store.Tx) error {
			rows, next, err := tx.Tags(tag, size, after)
			if len(rows) > size {
				t.Fatalf("%d rows, size is %d", len(rows), size)
			}
			list, after = append(list, rows...), next
			return err
		})
		if after == "" {
			return list
		}
	}
}

func tagRows(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "tags", []string{"b", "a, with comma"}), Doc(2, "tags", []string{"b"}))
	put(t, s, Toys, Doc(1, "tags", []string{"b", "Ä"}))
	put(t, s, Children, Doc(1, "tags", []string{"b"}))
	b := []store.TagRow{{Tag: "b", Kind: "children", ID: ID(1)}, {Tag: "b", Kind: "parents", ID: ID(1)}, {Tag: "b", Kind: "parents", ID: ID(2)}, {Tag: "b", Kind: "toys", ID: ID(1)}}
	all := slices.Concat([]store.TagRow{{Tag: "a, with comma", Kind: "parents", ID: ID(1)}}, b, []store.TagRow{{Tag: "Ä", Kind: "toys", ID: ID(1)}})
	for _, size := range []int{1, 2, 6, 100} {
		equal(t, all, tags(t, s, "", size))
		equal(t, b, tags(t, s, "b", size))
	}
	equal(t, 0, len(tags(t, s, "c", 5)))
}
