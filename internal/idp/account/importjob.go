package account

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

const (
	jobKind   = "import"
	fileKind  = "import-file"
	maxFile   = 100 << 20
	batchSize = 200
	// ImportPath is where files of import jobs are put, followed by /pool/job.
	ImportPath = "/_cognito/import/"
)

// job is an import job with the secret in its upload address.
type job struct {
	wire.UserImportJob
	Secret string `json:"secret"`
}

func readJob(tx *store.Tx, poolID, id string) (j job, err error) {
	row, err := tx.Object(poolID, jobKind, id)
	if errors.Is(err, store.ErrNotFound) {
		return j, api.ResourceNotFound.Errorf("User import job %s does not exist.", id)
	}
	if err != nil {
		return j, err
	}
	return j, json.Unmarshal(row.Doc, &j)
}

func (s *Service) putJob(tx *store.Tx, j job) error {
	body, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return tx.PutObject(store.Object{PoolID: j.UserPoolID, Kind: jobKind, ID: j.JobID, Doc: body, Created: s.Now(), Modified: s.Now()})
}

func (s *Service) createJob(c *api.Call, in *wire.CreateUserImportJobRequest) (*wire.CreateUserImportJobResponse, error) {
	id, secret := "import-"+rand.Text()[:10], rand.Text()
	j := job{Secret: secret, UserImportJob: wire.UserImportJob{JobName: in.JobName, JobID: id, UserPoolID: in.UserPoolID, Status: "Created",
		PreSignedURL: s.BaseURL + ImportPath + in.UserPoolID + "/" + id + "?X-Amz-Signature=" + secret, CreationDate: wire.At(s.Now()),
		CloudWatchLogsRoleARN: in.CloudWatchLogsRoleARN, ImportedUsers: new(int64(0)), SkippedUsers: new(int64(0)), FailedUsers: new(int64(0))}}
	err := s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error { return s.putJob(tx, j) })
	return &wire.CreateUserImportJobResponse{UserImportJob: &j.UserImportJob}, err
}

func (s *Service) describeJob(c *api.Call, in *wire.DescribeUserImportJobRequest) (*wire.DescribeUserImportJobResponse, error) {
	out := &wire.DescribeUserImportJobResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		j, err := readJob(tx, in.UserPoolID, in.JobID)
		out.UserImportJob = &j.UserImportJob
		return err
	})
}

func (s *Service) listJobs(c *api.Call, in *wire.ListUserImportJobsRequest) (*wire.ListUserImportJobsResponse, error) {
	list, limit := api.List("jobs", in.UserPoolID), *in.MaxResults
	after, err := api.After(list, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserImportJobsResponse{UserImportJobs: []wire.UserImportJob{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		rows, err := tx.Objects(in.UserPoolID, jobKind, after, limit+1)
		if err != nil {
			return err
		}
		rows, out.PaginationToken = api.Cut(rows, limit, list, func(o store.Object) string { return o.ID })
		for _, row := range rows {
			var j job
			if err := json.Unmarshal(row.Doc, &j); err != nil {
				return err
			}
			out.UserImportJobs = append(out.UserImportJobs, j.UserImportJob)
		}
		return nil
	})
}

func (s *Service) stopJob(c *api.Call, in *wire.StopUserImportJobRequest) (*wire.StopUserImportJobResponse, error) {
	out := &wire.StopUserImportJobResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		j, err := readJob(tx, in.UserPoolID, in.JobID)
		if err != nil {
			return err
		}
		if j.Status != "Created" && j.Status != "InProgress" && j.Status != "Pending" {
			return api.PreconditionNotMet.Errorf("The import job is in status %s and can not be stopped.", j.Status)
		}
		j.Status, j.CompletionDate, j.CompletionMessage = "Stopped", wire.At(s.Now()), "Import Job stopped by the developer."
		out.UserImportJob = &j.UserImportJob
		return s.putJob(tx, j)
	})
}

// header lists the columns of a pool's import file.
func header(p *pool.Pool) []string {
	list := []string{}
	for _, a := range p.SchemaAttributes {
		if a.Name != "sub" && a.Name != "identities" && !strings.HasPrefix(a.Name, "dev:") {
			list = append(list, a.Name)
		}
	}
	return append(list, "cognito:mfa_enabled", "cognito:username")
}

func (s *Service) csvHeader(c *api.Call, in *wire.GetCSVHeaderRequest) (*wire.GetCSVHeaderResponse, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	return &wire.GetCSVHeaderResponse{UserPoolID: p.ID, CSVHeader: header(p)}, nil
}

// ServeHTTP takes the file of an import job, at ImportPath.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	poolID, id, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, ImportPath), "/")
	if !ok || r.Method != http.MethodPut {
		http.Error(w, "put the file of an import job here", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	if err != nil {
		http.Error(w, "the file is too large", http.StatusRequestEntityTooLarge)
		return
	}
	err = s.Store.Update(r.Context(), func(tx *store.Tx) error {
		j, err := readJob(tx, poolID, id)
		if err != nil {
			return err
		}
		if !hmac.Equal([]byte(j.Secret), []byte(r.URL.Query().Get("X-Amz-Signature"))) {
			return api.Forbidden.Errorf("The signature is wrong.")
		}
		text, err := json.Marshal(body) // base64
		if err != nil {
			return err
		}
		return tx.PutObject(store.Object{PoolID: poolID, Kind: fileKind, ID: id, Doc: text, Created: s.Now(), Modified: s.Now()})
	})
	switch {
	case api.ResourceNotFound.Is(err), api.Forbidden.Is(err):
		http.Error(w, "no such import job, or a wrong signature", http.StatusForbidden)
	case err != nil:
		http.Error(w, "the file could not be stored", http.StatusInternalServerError)
	}
}

// startJob imports the file of a job. It answers when all is done, for there is no queue here.
func (s *Service) startJob(c *api.Call, in *wire.StartUserImportJobRequest) (*wire.StartUserImportJobResponse, error) {
	var j job
	var body []byte
	err := s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) (err error) {
		if j, err = readJob(tx, in.UserPoolID, in.JobID); err != nil {
			return err
		}
		if j.Status != "Created" {
			return api.PreconditionNotMet.Errorf("The import job is in status %s and can not be started.", j.Status)
		}
		row, err := tx.Object(in.UserPoolID, fileKind, in.JobID)
		if errors.Is(err, store.ErrNotFound) {
			return api.PreconditionNotMet.Errorf("No file was uploaded for the import job.")
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(row.Doc, &body); err != nil {
			return err
		}
		j.Status, j.StartDate = "InProgress", wire.At(s.Now())
		return s.putJob(tx, j)
	})
	if err != nil {
		return nil, err
	}
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	err = s.importFile(c, p, &j, body)
	j.Status, j.CompletionDate, j.CompletionMessage = "Succeeded", wire.At(s.Now()), "Import Job completed successfully."
	var refused *api.Error
	if errors.As(err, &refused) {
		j.Status, j.CompletionMessage, err = "Failed", refused.Message, nil
	} else if *j.ImportedUsers == 0 && *j.FailedUsers > 0 {
		j.Status, j.CompletionMessage = "Failed", "Too many users have failed or been skipped during the import."
	}
	if err != nil {
		return nil, err
	}
	err = s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		if err := s.putJob(tx, j); err != nil {
			return err
		}
		return tx.DeleteObject(in.UserPoolID, fileKind, in.JobID)
	})
	return &wire.StartUserImportJobResponse{UserImportJob: &j.UserImportJob}, err
}

// importFile makes the users of a file, some at a time.
func (s *Service) importFile(ctx context.Context, p *pool.Pool, j *job, body []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	columns, err := r.Read()
	if err != nil {
		return api.InvalidParameter.Errorf("The file has no header line.")
	}
	known := header(p)
	for _, name := range columns {
		if !slices.Contains(known, name) && name != "cognito:password_hash" {
			return api.InvalidParameter.Errorf("The header of the file does not match: %s is unknown.", name)
		}
	}
	r.FieldsPerRecord = len(columns)
	for end := false; !end; {
		var batch []*user.User
		for len(batch) < batchSize {
			record, err := r.Read()
			if errors.Is(err, io.EOF) {
				end = true
				break
			}
			u, err2 := s.imported(p, columns, record)
			if err != nil || err2 != nil {
				*j.FailedUsers++
				continue
			}
			batch = append(batch, u)
		}
		var made, skipped int64
		err := s.Store.Update(ctx, func(tx *store.Tx) error {
			made, skipped = 0, 0
			for _, u := range batch {
				free, err := vacant(tx, p, u)
				if err != nil {
					return err
				}
				if !free {
					skipped++
					continue
				}
				if err := u.Insert(tx, p); err != nil {
					return err
				}
				made++
			}
			return nil
		})
		if err != nil {
			return err
		}
		*j.ImportedUsers += made
		*j.SkippedUsers += skipped
	}
	return nil
}

// vacant says whether none of the user's names is taken.
func vacant(tx *store.Tx, p *pool.Pool, u *user.User) (bool, error) {
	if _, err := tx.UserByName(p.ID, u.Key); !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	other, _, err := u.Holder(tx, p)
	return other == nil, err
}

// imported is the user of a line. They have no password: they must reset it.
func (s *Service) imported(p *pool.Pool, columns, record []string) (*user.User, error) {
	if len(record) != len(columns) {
		return nil, csv.ErrFieldCount
	}
	u := &user.User{Attr: make(map[string]string)}
	var name string
	var list []wire.Attribute
	for i, column := range columns {
		v := strings.TrimSpace(record[i])
		switch {
		case column == "cognito:username":
			name = v
		case column == "cognito:mfa_enabled":
			u.More.MFA.SMS = strings.EqualFold(v, "true")
		case column == "cognito:password_hash", v == "":
		default:
			list = append(list, wire.Attribute{Name: column, Value: v})
		}
	}
	if err := u.Apply(p, list, user.Writer{Admin: true, New: true}); err != nil {
		return nil, err
	}
	if err := u.Name(p, name); err != nil {
		return nil, err
	}
	if err := u.CheckRequired(p); err != nil {
		return nil, err
	}
	if !u.Verified("email") && !u.Verified("phone_number") {
		return nil, api.InvalidParameter.Errorf("A user needs a verified email or phone_number.")
	}
	now := s.Now()
	u.Enabled, u.Status, u.Created, u.Modified = true, user.ResetRequired, now, now
	return u, nil
}
