package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/statedb/servertest"
)

// slots is how many parts the keys of a Cluster are in.
const slots = 16384

// Cluster is some masters that share the keys, each with replicas if so wanted.
type Cluster struct {
	Masters, Replicas []*Server
}

// Addrs returns the addresses of the masters.
func (c *Cluster) Addrs() []string { return addrs(c.Masters) }

func addrs(servers []*Server) (list []string) {
	for _, s := range servers {
		list = append(list, s.Addr)
	}
	return list
}

// StartCluster starts masters, each with so many replicas, and waits until they agree.
func StartCluster(tb testing.TB, masters, replicas int) *Cluster {
	tb.Helper()
	node := func() *Server {
		return Start(tb, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(servertest.FreePort(tb)),
			"--cluster-node-timeout", "1500", "--cluster-replica-validity-factor", "0")
	}
	c := &Cluster{}
	for i := range masters {
		m := node()
		m.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		m.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/masters), strconv.Itoa((i+1)*slots/masters-1))
		c.Masters = append(c.Masters, m)
	}
	first := c.Masters[0]
	for _, m := range c.Masters[1:] {
		m.meet(first)
	}
	for i := range masters * replicas {
		r, master := node(), c.Masters[i%masters]
		r.meet(first)
		id := master.Do("CLUSTER", "MYID")
		r.Await("to know its master", func() bool { return strings.Contains(r.Do("CLUSTER", "NODES"), id) })
		r.Do("CLUSTER", "REPLICATE", id)
		c.Replicas = append(c.Replicas, r)
	}
	all := append(append([]*Server(nil), c.Masters...), c.Replicas...)
	for _, s := range all {
		s.Await("to see the whole cluster", func() bool {
			info := s.Do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", len(all)))
		})
	}
	for _, r := range c.Replicas {
		r.Await("to follow its master", func() bool { return strings.Contains(r.Do("INFO", "replication"), "master_link_status:up") })
	}
	return c
}

func (s *Server) meet(o *Server) {
	s.TB.Helper()
	bus := ""
	for i, a := range o.Args {
		if a == "--cluster-port" {
			bus = o.Args[i+1]
		}
	}
	s.Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(o.Port), bus)
}

// Watched is a master with a replica, and Sentinels that put the replica in its place when it is gone.
type Watched struct {
	Name            string // of the master
	Master, Replica *Server
	Sentinels       []*Server
}

// Addrs returns the addresses of the Sentinels.
func (w *Watched) Addrs() []string { return addrs(w.Sentinels) }

// StartWatched starts a master, a replica and three Sentinels.
func StartWatched(tb testing.TB) *Watched {
	tb.Helper()
	w := &Watched{Name: "shared", Master: Start(tb)}
	w.Replica = Start(tb, "--replicaof", "127.0.0.1 "+strconv.Itoa(w.Master.Port), "--repl-diskless-sync-delay", "0")
	w.Replica.Await("to follow its master", func() bool {
		return strings.Contains(w.Replica.Do("INFO", "replication"), "master_link_status:up")
	})
	for range 3 {
		w.Sentinels = append(w.Sentinels, startSentinel(tb, w))
	}
	for _, s := range w.Sentinels {
		s.Await("to know the others", func() bool {
			info := s.Do("INFO", "sentinel")
			return strings.Contains(info, "slaves=1,sentinels=3")
		})
	}
	return w
}

func startSentinel(tb testing.TB, w *Watched) *Server {
	tb.Helper()
	port := servertest.FreePort(tb)
	file := filepath.Join(tb.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor %[3]s 127.0.0.1 %[4]d 2\n"+
		"sentinel down-after-milliseconds %[3]s 1000\nsentinel failover-timeout %[3]s 5000\n",
		port, filepath.Dir(file), w.Name, w.Master.Port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return launch(tb, &Server{Port: port, configured: true}, []string{file, "--sentinel"})
}
