package source

var (
	AppendDoc = appendDoc
	ReadJSON  = readJSON
)
