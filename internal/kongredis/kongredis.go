// Package kongredis is the record by which the configurations of Kong's plugins say how to reach Redis, and what it means for
// internal/statedb/redis. Plugins embed Server and Fleet in a record of their own, since what Kong says of TLS between the two has
// other defaults in each. It opens nothing.
package kongredis

import (
	"net"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Server is a single Redis, and how to talk to any.
type Server struct {
	Host              string `json:"host" conf:"default=127.0.0.1;referenceable" doc:"A host name or an IP address."`
	Port              int    `json:"port" conf:"default=6379;between=0,65535" doc:"A port."`
	Database          int    `json:"database" conf:"default=0" doc:"The number of the database."`
	Username          string `json:"username" conf:"referenceable" doc:"The user."`
	Password          string `json:"password" conf:"referenceable;encrypted" doc:"The password."`
	ConnectTimeout    int    `json:"connect_timeout" conf:"default=2000;between=0,2147483646" doc:"How long connecting may take, in milliseconds. The longest of the three limits counts."`
	SendTimeout       int    `json:"send_timeout" conf:"default=2000;between=0,2147483646" doc:"How long sending may take, in milliseconds."`
	ReadTimeout       int    `json:"read_timeout" conf:"default=2000;between=0,2147483646" doc:"How long an answer may take, in milliseconds."`
	KeepalivePoolSize int    `json:"keepalive_pool_size" conf:"default=256;between=1,2147483646" doc:"Accepted without effect: connections are shared."`
	KeepaliveBacklog  *int   `json:"keepalive_backlog" conf:"between=0,2147483646" doc:"Accepted without effect."`
}

// Fleet is Redis with Sentinels, or a Redis Cluster.
type Fleet struct {
	SentinelMaster         string     `json:"sentinel_master" doc:"The name of the master, with Sentinels."`
	SentinelRole           string     `json:"sentinel_role" conf:"one_of=master,slave,any" doc:"Accepted; the master is used."`
	SentinelNodes          []hostPort `json:"sentinel_nodes" conf:"len_min=1" doc:"The Sentinels."`
	SentinelUsername       string     `json:"sentinel_username" conf:"referenceable" doc:"The user of the Sentinels."`
	SentinelPassword       string     `json:"sentinel_password" conf:"referenceable;encrypted" doc:"The password of the Sentinels."`
	ClusterNodes           []ipPort   `json:"cluster_nodes" conf:"len_min=1" doc:"Nodes of a Redis Cluster."`
	ClusterMaxRedirections int        `json:"cluster_max_redirections" conf:"default=5" doc:"Accepted without effect."`
}

type hostPort struct {
	Host string `json:"host" conf:"default=127.0.0.1;required" doc:"A host name or an IP address."`
	Port int    `json:"port" conf:"default=6379;between=0,65535" doc:"A port."`
}

type ipPort struct {
	IP   string `json:"ip" conf:"default=127.0.0.1;required" doc:"A host name or an IP address."`
	Port int    `json:"port" conf:"default=6379;between=0,65535" doc:"A port."`
}

// Local is what a record that is not given stands for: Redis on this machine.
func Local() Server { return Server{Host: "127.0.0.1", Port: 6379} }

// Options returns how to reach what the two records describe. TLS, prefix and log are the caller's to add.
func Options(s *Server, f *Fleet) redis.Options {
	o := redis.Options{
		Username: s.Username, Password: s.Password, Database: s.Database,
		Timeout: time.Duration(max(s.ConnectTimeout, s.SendTimeout, s.ReadTimeout)) * time.Millisecond,
	}
	add := func(host string, port int) {
		o.Addresses = append(o.Addresses, net.JoinHostPort(host, strconv.Itoa(port)))
	}
	switch {
	case len(f.ClusterNodes) > 0:
		o.Cluster = true
		for _, n := range f.ClusterNodes {
			add(n.IP, n.Port)
		}
	case f.SentinelMaster != "":
		o.Master, o.SentinelUsername, o.SentinelPassword = f.SentinelMaster, f.SentinelUsername, f.SentinelPassword
		for _, n := range f.SentinelNodes {
			add(n.Host, n.Port)
		}
	default:
		add(s.Host, s.Port)
	}
	return o
}

// Check checks what concerns several fields of a record, given as a document; nil is good.
func Check(record map[string]any) schema.Errors {
	given := func(names ...string) bool {
		for _, n := range names {
			if record[n] != nil {
				return true
			}
		}
		return false
	}
	// The names of older versions are fields of their own in some plugins.
	switch sentinels, cluster := given("sentinel_nodes", "sentinel_addresses"), given("cluster_nodes", "cluster_addresses"); {
	case sentinels && cluster:
		return schema.Errors{"cluster_nodes": "either Sentinels or a Cluster, not both"}
	case given("sentinel_master") && !sentinels:
		return schema.Errors{"sentinel_nodes": "sentinel_master and sentinel_nodes go together"}
	case sentinels && !given("sentinel_master"):
		return schema.Errors{"sentinel_master": "sentinel_master and sentinel_nodes go together"}
	}
	return nil
}
