package redis

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/gibbon-gateway/gibbon/state"
)

// masters returns the nodes that hold keys.
func masters(ctx context.Context, limit time.Duration, c rueidis.Client) ([]rueidis.Client, error) {
	nodes := c.Nodes()
	list := make([]rueidis.Client, 0, len(nodes))
	if c.Mode() != rueidis.ClientModeCluster {
		for _, n := range nodes {
			list = append(list, n)
		}
		return list, nil
	}
	ranges, err := ranges(ctx, limit, nodes)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range ranges {
		address := masterOf(&ranges[i])
		if seen[address] {
			continue
		}
		seen[address] = true
		node, ok := nodes[address]
		if !ok {
			return nil, fmt.Errorf("%w: the nodes of the cluster are changing", state.ErrUnavailable)
		}
		list = append(list, node)
	}
	return list, nil
}

// ranges asks all nodes of a Cluster which has which slots, and takes the first answer: some may be away.
func ranges(ctx context.Context, limit time.Duration, nodes map[string]rueidis.Client) ([]rueidis.RedisMessage, error) {
	type answer struct {
		ranges []rueidis.RedisMessage
		err    error
	}
	answers := make(chan answer, len(nodes))
	for _, n := range nodes {
		go func() {
			// The calls that come too late are not cancelled: with them would go connections that others are waiting for.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
			defer cancel()
			r, err := n.Do(ctx, n.B().ClusterSlots().Build()).ToArray()
			answers <- answer{r, err}
		}()
	}
	err := fmt.Errorf("%w: the cluster has no nodes", state.ErrUnavailable)
	for range nodes {
		select {
		case a := <-answers:
			if a.err == nil {
				return a.ranges, nil
			}
			err = a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, err
}

// masterOf reads an answer of CLUSTER SLOTS: first slot, last slot, [host, port, …] of the master, its replicas.
func masterOf(r *rueidis.RedisMessage) string {
	parts, _ := r.ToArray()
	if len(parts) < 3 {
		return ""
	}
	node, _ := parts[2].ToArray()
	if len(node) < 2 {
		return ""
	}
	host, _ := node[0].ToString()
	port, _ := node[1].AsInt64()
	return net.JoinHostPort(host, strconv.FormatInt(port, 10))
}
