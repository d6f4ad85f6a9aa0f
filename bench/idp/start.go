package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

const mostReady = 200 * time.Millisecond

// start measures how long the program takes from its start to its first answer, in a new folder and in one that was used before.
func (b *bench) start() error {
	fmt.Println("| program | folder | ready ms, median | fastest | CPU ms until then, median | at most 200 |")
	fmt.Println("| --- | --- | --: | --: | --: | --- |")
	if err := b.baseline(); err != nil {
		return err
	}
	for _, command := range []string{"idp", "start"} {
		used := filepath.Join(b.Dir, "used-"+command)
		for _, folder := range []string{"new", "used"} {
			var ready, cpu []float64
			for i := range b.starts {
				where := used
				if folder == "new" {
					where = filepath.Join(b.Dir, fmt.Sprintf("new-%s-%d", command, i))
				}
				p, err := b.serve(command, where)
				if err != nil {
					return err
				}
				rig.End(p.Cmd)
				ready, cpu = append(ready, ms(p.ready)), append(cpu, ms(p.cpu))
			}
			fmt.Printf("| gibbon %s | %s | %.0f | %.0f | %.0f | %s |\n", command, folder, rig.Median(ready), smallest(ready), rig.Median(cpu),
				verdict(rig.Median(ready) <= ms(mostReady)))
		}
	}
	return nil
}

// baseline is what the same program takes that only says its version: what is above it is the provider's own.
func (b *bench) baseline() error {
	var took, cpu []float64
	for range b.starts {
		began := time.Now()
		cmd := exec.Command(b.gibbon, "version")
		if err := cmd.Run(); err != nil {
			return err
		}
		took = append(took, ms(time.Since(began)))
		cpu = append(cpu, ms(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()))
	}
	fmt.Printf("| gibbon version | - | %.0f | %.0f | %.0f | - |\n", rig.Median(took), smallest(took), rig.Median(cpu))
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func smallest(v []float64) float64 {
	least := v[0]
	for _, n := range v {
		least = min(least, n)
	}
	return least
}
